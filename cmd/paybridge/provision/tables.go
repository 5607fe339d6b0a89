package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
)

// define sends a request that defines something in the solution.
func (s *setup) define(ctx context.Context, operation, path string, body object) error {
	_, err := s.client.Call(ctx, dataverse.Call{
		Operation: operation, Method: http.MethodPost, Path: path, Solution: environment.SolutionName, Body: body,
	})
	return err
}

// lookMapped wants the table to be there that a mapping file names, with the
// columns that it maps. It is its maker's, so nothing in it is changed.
func (s *setup) lookMapped(ctx context.Context) (finding, error) {
	have, err := s.read.Table(ctx, s.plan.Mapping.Table)
	if err != nil {
		return finding{}, err
	}
	f := finding{is: "is there as the mapping file says"}
	for _, d := range environment.CompareMapping(s.plan.Mapping, have) {
		if d.Kind == environment.MissingStandard || d.Kind == environment.WrongName {
			return f, &Refused{Problem: "it " + d.Problem, Remedy: d.Remedy}
		}
		f.left = append(f.left, fmt.Sprintf("%s %s: %s", d.Part, d.Problem, d.Remedy))
	}
	return f, nil
}

// lookTable compares a table and its columns. Its keys are a part of their own.
func (s *setup) lookTable(want crm.Table) func(context.Context) (finding, error) {
	return func(ctx context.Context) (finding, error) {
		have, err := s.read.Table(ctx, want.Name)
		if err != nil {
			return finding{}, err
		}
		f := finding{is: fmt.Sprintf("is there with its %d columns", len(want.Columns))}
		corrected := false
		for _, d := range environment.Compare(want, have) {
			switch {
			case d.Kind == environment.MissingStandard:
				return f, &Refused{Problem: "it " + d.Problem, Remedy: d.Remedy}
			case d.Kind == environment.MissingKey, d.Kind == environment.KeyNotActive, d.Kind == environment.WrongKey:
			case !d.Mendable():
				f.left = append(f.left, fmt.Sprintf("%s %s: %s", d.Part, d.Problem, d.Remedy))
			default:
				f.todo = append(f.todo, s.mend(want, have, d))
				corrected = corrected || d.Kind == environment.ShortText || d.Kind == environment.FewDecimals || d.Kind == environment.MissingOption
			}
		}
		if have == nil {
			for _, c := range want.Columns {
				if c.Type == crm.Lookup {
					f.todo = append(f.todo, s.mend(want, nil, environment.MissingFrom(want, c)))
				}
			}
		}
		if corrected {
			f.todo = append(f.todo, action{text: "published", do: func(ctx context.Context) error {
				return s.define(ctx, "publishing table "+want.Name, "PublishXml", publishBody(want.Name))
			}})
		}
		return f, nil
	}
}

// mend returns the action that puts a difference right.
func (s *setup) mend(t crm.Table, have *environment.Table, d environment.Difference) action {
	switch d.Kind {
	case environment.MissingTable:
		return action{text: fmt.Sprintf("made with %d columns", len(t.Columns)-lookups(t)), do: func(ctx context.Context) error {
			return s.define(ctx, "making table "+t.Name, "EntityDefinitions", s.tableBody(t))
		}}
	case environment.MissingColumn:
		if d.Column.Type == crm.Lookup {
			return action{subject: d.Part, text: "made with the relationship " + d.Column.Relationship, do: func(ctx context.Context) error {
				return s.define(ctx, "making relationship "+d.Column.Relationship, "RelationshipDefinitions", s.relationshipBody(t, d.Column))
			}}
		}
		return action{subject: d.Part, text: "made", do: func(ctx context.Context) error {
			return s.define(ctx, "making "+d.Part, tablePath(t.Name)+"/Attributes", s.columnBody(d.Column))
		}}
	case environment.MissingOption:
		return action{subject: d.Part, text: fmt.Sprintf("given the value %d (%s)", d.Option.Value, d.Option.Label), tolerant: true, do: func(ctx context.Context) error {
			return s.define(ctx, "adding a value to "+d.Part, "InsertOptionValue", object{
				"EntityLogicalName": t.Name, "AttributeLogicalName": d.Column.Name, "Value": d.Option.Value, "Label": s.label(d.Option.Label),
				"SolutionUniqueName": environment.SolutionName,
			})
		}}
	default: // ShortText and FewDecimals
		return action{subject: d.Part, text: "corrected, because it " + d.Problem, do: func(ctx context.Context) error {
			return s.correct(ctx, have, d.Column)
		}}
	}
}

func lookups(t crm.Table) int {
	n := 0
	for _, c := range t.Columns {
		if c.Type == crm.Lookup {
			n++
		}
	}
	return n
}

// correct gives a column its length or its precision. Definitions are replaced
// as a whole, so what is there is read and sent back with the one change.
func (s *setup) correct(ctx context.Context, t *environment.Table, want crm.Column) error {
	kind := crmType + string(want.Type) + "AttributeMetadata"
	operation := "correcting column " + t.LogicalName + "." + want.Name
	raw, err := s.client.Call(ctx, dataverse.Call{
		Operation: operation, Method: http.MethodGet, Strong: true,
		Path: fmt.Sprintf("%s/Attributes(LogicalName='%s')/%s", tablePath(t.LogicalName), want.Name, kind),
	})
	if err != nil {
		return err
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("%s: the definition cannot be read: %w", operation, err)
	}
	delete(body, "@odata.context")
	changes := object{"@odata.type": kind}
	if want.Type == crm.Money {
		changes["PrecisionSource"], changes["Precision"] = 0, want.Precision
	} else {
		changes["MaxLength"] = want.MaxLength
	}
	for name, value := range changes {
		if body[name], err = json.Marshal(value); err != nil {
			return err
		}
	}
	_, err = s.client.Call(ctx, dataverse.Call{
		Operation: operation, Method: http.MethodPut, Solution: environment.SolutionName, MergeLabels: true, Body: body,
		Path: fmt.Sprintf("EntityDefinitions(%s)/Attributes(%s)", t.MetadataID, t.Column(want.Name).MetadataID),
	})
	return err
}
