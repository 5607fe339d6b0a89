package dataverse

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	contracts = "http://schemas.microsoft.com/xrm/2011/Contracts"
	noGUID    = "00000000-0000-0000-0000-000000000000"
	// maxContext is the size beyond which Dataverse leaves the columns out.
	maxContext = 256 << 10
)

// pair is an entry of the lists in which the context keeps everything.
type pair struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// executionContext renders the RemoteExecutionContext of a change in the form
// of DataContractJson: keys in the order of the alphabet, slashes escaped, values with
// their .NET types. It reports true when the body was too large and left its
// columns out.
func (x *tx) executionContext(job *stepJob, change Change) (body []byte, exceeded bool, err error) {
	t := x.schema.tables[change.Table]
	row, err := x.get(t, change.ID)
	if err != nil {
		return nil, false, err
	}
	var organization string
	if err := x.each(x.schema.tables["organization"], func(r *Row) error {
		organization = r.ID
		return nil
	}); err != nil {
		return nil, false, err
	}
	context := map[string]any{
		"BusinessUnitId": seedID("businessunit", "root"), "CorrelationId": job.Correlation, "Depth": 1,
		"InitiatingUserAgent": "", "InitiatingUserAzureActiveDirectoryObjectId": noGUID, "InitiatingUserId": change.UserID,
		"InputParameters":    []pair{{"Target", x.target(t, row, change)}},
		"IsExecutingOffline": false, "IsInTransaction": false, "IsOfflinePlayback": false, "IsolationMode": 1,
		"MessageName": change.Message, "Mode": 1, "OperationCreatedOn": netDate(x.now) + "+0000)/", "OperationId": job.ID,
		"OrganizationId": organization, "OrganizationName": "unq" + strings.ReplaceAll(organization, "-", "")[:29],
		"OutputParameters": []pair{}, "OwningExtension": reference("sdkmessageprocessingstep", job.Step),
		"ParentContext": nil, "PostEntityImages": []pair{}, "PreEntityImages": []pair{},
		"PrimaryEntityId": change.ID, "PrimaryEntityName": change.Table, "RequestId": job.Request,
		"SecondaryEntityName": "none", "SharedVariables": []pair{{"IsAutoTransact", true}}, "Stage": 40,
		"UserAzureActiveDirectoryObjectId": noGUID, "UserId": change.UserID,
	}
	if change.Message == messageCreate {
		context["OutputParameters"] = []pair{{"id", change.ID}}
	}
	if body, err = render(context); err != nil || len(body) <= maxContext {
		return body, false, err
	}
	for _, large := range []string{"ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages"} {
		delete(context, large)
	}
	body, err = render(context)
	return body, true, err
}

// render writes JSON with escaped slashes, which stand in strings only.
func render(context map[string]any) ([]byte, error) {
	text, err := json.Marshal(context)
	if err != nil {
		return nil, fmt.Errorf("rendering an execution context: %w", err)
	}
	return []byte(strings.ReplaceAll(string(text), "/", `\/`)), nil
}

// netDate is the beginning of a date as .NET writes it: milliseconds since 1970.
func netDate(t time.Time) string { return fmt.Sprintf("/Date(%d", t.UnixMilli()) }

func reference(table, id string) map[string]any {
	return map[string]any{"Id": id, "KeyAttributes": []any{}, "LogicalName": table, "Name": nil, "RowVersion": nil}
}

// target is the row as the message carries it: for a Delete a reference, for
// an Update the columns that were sent, for a Create all that the row has.
func (x *tx) target(t *table, row *Row, change Change) any {
	if change.Message == messageDelete || row == nil {
		r := reference(t.LogicalName, change.ID)
		r["__type"] = "EntityReference:" + contracts
		return r
	}
	// Some captures have GUIDs and dates wrapped with their type, most have not.
	wrapped := rand.IntN(4) == 0
	attributes := []pair{{t.PrimaryID, typed("Guid", row.ID, wrapped)}}
	sent := map[string]bool{"modifiedon": true, "modifiedby": true}
	for _, name := range change.Columns {
		sent[name] = true
	}
	for _, c := range t.columns {
		if c.LogicalName == t.PrimaryID || change.Message == messageUpdate && !sent[c.LogicalName] {
			continue
		}
		v := row.Values[c.LogicalName]
		if v == nil && change.Message == messageCreate {
			continue
		}
		attributes = append(attributes, pair{c.LogicalName, x.attribute(c, v, wrapped)})
	}
	return map[string]any{
		"__type": "Entity:" + contracts, "Attributes": attributes, "EntityState": nil, "FormattedValues": []pair{},
		"Id": row.ID, "KeyAttributes": []any{}, "LogicalName": t.LogicalName, "RelatedEntities": []any{}, "RowVersion": fmt.Sprint(row.Version),
	}
}

func typed(kind, value string, wrapped bool) any {
	if !wrapped {
		return value
	}
	return map[string]any{"__type": kind + ":#System", "__value": value}
}

func (x *tx) attribute(c *Column, v any, wrapped bool) any {
	switch v := v.(type) {
	case Ref:
		r := reference(v.Table, v.ID)
		r["__type"] = "EntityReference:" + contracts
		return r
	case json.Number:
		switch c.Type {
		case Choice:
			return map[string]any{"__type": "OptionSetValue:" + contracts, "Value": v}
		case Money:
			return map[string]any{"__type": "Money:" + contracts, "Value": v}
		default:
			return v
		}
	case string:
		if at, err := time.Parse(timeLayout, v); err == nil && c.Type == DateTime {
			return typed("DateTime", netDate(at)+")/", wrapped)
		}
		return v
	default:
		return v
	}
}
