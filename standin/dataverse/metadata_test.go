package dataverse_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestChoiceValuesCanBeFound: whoever does not know the values of a choice
// asks the metadata.
func TestChoiceValuesCanBeFound(t *testing.T) {
	e := open(t, nil)
	found := e.do(http.MethodGet, "EntityDefinitions?$select=EntitySetName,PrimaryIdAttribute&$filter=LogicalName%20eq%20'pb_payment'", "").rows(t)
	if len(found) != 1 || found[0]["EntitySetName"] != "pb_payments" || found[0]["PrimaryIdAttribute"] != "pb_paymentid" {
		t.Fatalf("found %v", found)
	}
	if none := e.do(http.MethodGet, "EntityDefinitions?$filter=LogicalName%20eq%20'pb_nothing'", "").rows(t); len(none) != 0 {
		t.Errorf("found %v", none)
	}
	column := e.do(http.MethodGet, "EntityDefinitions(LogicalName='pb_payment')/Attributes(LogicalName='pb_request')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet", "").object(t)
	text := fmt.Sprint(column["OptionSet"])
	for _, want := range []string{"884200000", "None", "884200001", "Pay", "884200002", "Cancel", "884200003", "Refund"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	for path, status := range map[string]int{
		"EntityDefinitions(LogicalName='pb_nothing')":                                                                                    404,
		"EntityDefinitions(LogicalName='pb_payment')/Attributes(LogicalName='pb_nothing')":                                               404,
		"EntityDefinitions(LogicalName='pb_payment')/Attributes(LogicalName='pb_name')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata": 404,
		"EntityDefinitions(LogicalName='pb_payment')/Attributes(LogicalName='pb_name')/Microsoft.Dynamics.CRM.StringAttributeMetadata":   200,
		"EntityDefinitions(LogicalName='pb_payment')/Keys":                                                                               200,
		"EntityDefinitions(LogicalName='pb_payment')/Attributes?$select=LogicalName":                                                     200,
		"EntityDefinitions?$filter=EntitySetName%20eq%20'x'":                                                                             400,
		"EntityDefinitions?$select=Nothing":                                                                                              400,
	} {
		if got := e.do(http.MethodGet, path, ""); got.status != status {
			t.Errorf("%s: %d, want %d: %s", path, got.status, status, got.body)
		}
	}
}
