package dataverse

import "github.com/google/uuid"

// The messages that a step can be registered on.
const (
	messageCreate = "Create"
	messageUpdate = "Update"
	messageDelete = "Delete"
)

// The states of a system job.
const (
	jobWaiting   = 0
	jobSucceeded = 30
	jobFailed    = 31
)

// stepTables are the tables through which steps and service endpoints are
// registered, and the one in which their system jobs are seen. Their
// navigation properties are lower case, unlike those of custom lookups.
func stepTables() []Table {
	text := func(name string, length int) Column {
		return Column{LogicalName: name, Type: String, MaxLength: length}
	}
	number := func(name string) Column { return Column{LogicalName: name, Type: Integer} }
	lookup := func(name, target string) Column {
		return Column{LogicalName: name, Type: Lookup, Targets: []Target{{target, name}}}
	}
	choice := func(name string, values ...int) Column {
		c := Column{LogicalName: name, Type: Choice}
		for _, v := range values {
			c.Options = append(c.Options, Option{Value: v})
		}
		return c
	}
	return []Table{
		{
			LogicalName: "serviceendpoint", SchemaName: "ServiceEndpoint", SetName: "serviceendpoints", OrganizationOwned: true,
			PrimaryID: "serviceendpointid", PrimaryName: "name",
			Columns: []Column{
				text("name", 256), text("description", 2000), text("url", 2000), choice("contract", 1, 2, 3, 4, 5, 6, 7, 8, 9),
				choice("authtype", 1, 2, 3, 4, 5, 6, 7), choice("connectionmode", 1, 2), choice("messageformat", 1, 2, 3),
				{LogicalName: "authvalue", Type: String, MaxLength: 2048, WriteOnly: true},
				{LogicalName: "isauthvalueset", Type: Boolean, ReadOnly: true},
			},
		},
		{
			LogicalName: "sdkmessage", SchemaName: "SdkMessage", SetName: "sdkmessages", OrganizationOwned: true,
			PrimaryID: "sdkmessageid", PrimaryName: "name", Columns: []Column{text("name", 256)},
		},
		{
			LogicalName: "sdkmessagefilter", SchemaName: "SdkMessageFilter", SetName: "sdkmessagefilters", OrganizationOwned: true,
			PrimaryID: "sdkmessagefilterid", PrimaryName: "name",
			Columns: []Column{text("name", 256), text("primaryobjecttypecode", 128), lookup("sdkmessageid", "sdkmessage")},
		},
		{
			LogicalName: "sdkmessageprocessingstep", SchemaName: "SdkMessageProcessingStep", SetName: "sdkmessageprocessingsteps", OrganizationOwned: true,
			PrimaryID: "sdkmessageprocessingstepid", PrimaryName: "name",
			Columns: []Column{
				text("name", 256), text("description", 256), text("filteringattributes", 100000), number("rank"),
				choice("stage", 5, 10, 20, 30, 40, 50), choice("mode", 0, 1), choice("supporteddeployment", 0, 1, 2), {LogicalName: "asyncautodelete", Type: Boolean},
				lookup("sdkmessageid", "sdkmessage"), lookup("sdkmessagefilterid", "sdkmessagefilter"),
				{LogicalName: "eventhandler", Type: Lookup, Targets: []Target{{"serviceendpoint", "eventhandler_serviceendpoint"}}},
			},
		},
		{
			LogicalName: "asyncoperation", SchemaName: "AsyncOperation", SetName: "asyncoperations", OrganizationOwned: true,
			PrimaryID: "asyncoperationid", PrimaryName: "name",
			Columns: []Column{
				text("name", 256), text("messagename", 160), text("correlationid", 40), {LogicalName: "friendlymessage", Type: Memo, MaxLength: 100000},
				{LogicalName: "message", Type: Memo, MaxLength: 100000}, number("errorcode"), lookup("owningextensionid", "sdkmessageprocessingstep"),
				text("regardingobjectid", 40), text("primaryentitytype", 128),
				{LogicalName: "statecode", Type: Choice, Options: []Option{{Value: 0, Label: "Ready"}, {Value: 3, Label: "Completed"}}},
				{LogicalName: "statuscode", Type: Choice, Options: []Option{
					{Value: jobWaiting, Label: "Waiting For Resources"}, {Value: jobSucceeded, Label: "Succeeded", State: 3}, {Value: jobFailed, Label: "Failed", State: 3},
				}},
			},
		},
	}
}

// seedTables makes what the platform keeps about each table: its messages and
// its privileges. Tables that were added since the last opening get theirs.
func (x *tx) seedTables() error {
	for _, name := range messages() {
		if err := x.seedRow(x.schema.tables["sdkmessage"], seedID("sdkmessage", name), map[string]any{"name": name}); err != nil {
			return err
		}
	}
	for _, t := range x.schema.tables {
		if err := x.seedTable(t); err != nil {
			return err
		}
	}
	return nil
}

func messages() []string { return []string{messageCreate, messageUpdate, messageDelete} }

// seedTable makes one row of sdkmessagefilter for each message and one of
// privilege for each right.
func (x *tx) seedTable(t *table) error {
	for _, name := range messages() {
		if err := x.seedRow(x.schema.tables["sdkmessagefilter"], filterID(name, t.LogicalName), map[string]any{
			"primaryobjecttypecode": t.LogicalName, "sdkmessageid": Ref{Table: "sdkmessage", ID: seedID("sdkmessage", name)},
		}); err != nil {
			return err
		}
	}
	return x.seedPrivileges(t)
}

func filterID(message, table string) string {
	return uuid.NewSHA1(seedSpace, []byte("sdkmessagefilter/"+message+"/"+table)).String()
}

// seedRow makes a row unless it is there.
func (x *tx) seedRow(t *table, id string, values map[string]any) error {
	if have, err := x.get(t, id); have != nil || err != nil {
		return err
	}
	row := &Row{ID: id, Values: values}
	x.stampNew(t, row)
	return x.put(t, nil, row)
}
