package provision

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
)

// lookKeys compares the alternate keys of all tables and waits until they are
// active: before that no row is found by them, and nothing keeps two rows from
// having the same. Dataverse builds the indexes beside each other, so all are
// made before the first is waited for.
func (s *setup) lookKeys(tables []crm.Table) func(context.Context) (finding, error) {
	reactivated := map[string]bool{}
	return func(ctx context.Context) (finding, error) {
		var f finding
		var waiting []action
		active := 0
		for _, want := range tables {
			have, err := s.keys(ctx, want)
			if err != nil {
				return finding{}, err
			}
			for _, key := range want.Keys {
				i := slices.IndexFunc(have, func(k environment.Key) bool { return k.LogicalName == key.Name })
				subject := "alternate key " + key.Name
				switch {
				case i < 0:
					f.todo = append(f.todo, action{subject: subject, text: "made", do: func(ctx context.Context) error {
						return s.define(ctx, "making alternate key "+key.Name, tablePath(want.Name)+"/Keys", s.keyBody(key))
					}})
				case !slices.Equal(have[i].Columns, key.Columns):
					f.left = append(f.left, fmt.Sprintf("%s is on %s, not on %s: delete it in make.powerapps.com and run setup again",
						key.Name, strings.Join(have[i].Columns, " and "), strings.Join(key.Columns, " and ")))
				case have[i].Status == environment.KeyFailed && reactivated[key.Name]:
					return f, s.failedKey(ctx, want, key)
				case have[i].Status == environment.KeyFailed:
					f.todo = append(f.todo, action{subject: subject, text: "built again, because it had failed", do: func(ctx context.Context) error {
						err := s.reactivate(ctx, want, key)
						reactivated[key.Name] = err == nil
						return err
					}})
				case have[i].Status != environment.KeyActive:
					waiting = append(waiting, action{subject: subject, text: fmt.Sprintf("is %s; waiting until it is active", have[i].Status)})
				default:
					active++
				}
			}
		}
		f.is = fmt.Sprintf("%d are active", active)
		f.todo = append(f.todo, waiting...)
		return f, nil
	}
}

// reactivate has the index of a key that failed built again.
func (s *setup) reactivate(ctx context.Context, t crm.Table, key crm.Key) error {
	_, err := s.client.Call(ctx, dataverse.Call{
		Operation: "building alternate key " + key.Name + " again", Method: http.MethodPost, Path: "ReactivateEntityKey",
		Body: object{"EntityLogicalName": t.Name, "EntityKeyLogicalName": key.Name},
	})
	return err
}

// keys reads the keys; where a dry run has not made the table there are none.
func (s *setup) keys(ctx context.Context, want crm.Table) ([]environment.Key, error) {
	if s.plan.DryRun {
		table, err := s.read.Table(ctx, want.Name)
		if table == nil || err != nil {
			return nil, err
		}
		return table.Keys, nil
	}
	return s.read.Keys(ctx, want.Name)
}

// failedKey explains a key that failed twice by two of the rows that have the
// same values.
func (s *setup) failedKey(ctx context.Context, t crm.Table, key crm.Key) error {
	columns := strings.Join(key.Columns, " and ")
	refused := &Refused{
		Problem: fmt.Sprintf("alternate key %s failed: rows of %s have the same %s", key.Name, t.Name, columns),
		Remedy:  fmt.Sprintf("empty %s in all but one of the rows that have the same, then run setup again", columns),
	}
	seen := map[string]string{}
	filter := dataverse.Ne(key.Columns[0], nil)
	for row, err := range s.client.List(ctx, t.SetName, dataverse.Query{Select: append([]string{t.PrimaryID}, key.Columns...), Filter: filter}) {
		if err != nil {
			return refused
		}
		id, err := row.String(t.PrimaryID)
		if err != nil {
			return refused
		}
		var values []string
		for _, column := range key.Columns {
			raw, err := row.Raw(column)
			if err != nil {
				return refused
			}
			values = append(values, strings.ToLower(string(raw)))
		}
		value := strings.Join(values, ",")
		if other := seen[value]; other != "" {
			refused.Problem += fmt.Sprintf(", such as %s and %s", other, id)
			return refused
		}
		seen[value] = id
	}
	return refused
}
