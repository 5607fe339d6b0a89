package executioncontext

import (
	"encoding/json"
	"fmt"

	"paybridge/internal/payment"
)

// nobody is how Dataverse writes that there is no row and no user.
const nobody = "00000000-0000-0000-0000-000000000000"

// guid reads a GUID in one of the forms that Dataverse gives it: a plain
// string, or an object that names its type. It is empty for what is missing,
// null or all zeros.
func guid(raw json.RawMessage) (payment.RowID, error) {
	if len(raw) == 0 {
		return "", nil
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		var typed struct {
			Value *string `json:"__value"`
		}
		if err := json.Unmarshal(raw, &typed); err != nil || typed.Value == nil {
			return "", errGUID
		}
		text = typed.Value
	}
	if text == nil || *text == "" {
		return "", nil
	}
	id, err := payment.ParseRowID(*text)
	switch {
	case err != nil:
		return "", errGUID
	case id == nobody:
		return "", nil
	}
	return id, nil
}

// shown reads a GUID that only people look at.
func shown(raw json.RawMessage) string {
	id, _ := guid(raw)
	return string(id)
}

// row finds the row. Contexts of Create can lack it, or hold zeros, where
// PrimaryEntityId is: then the id that the Create returned is in
// OutputParameters. The Target has an id of its own, whether it is the row with
// its columns or, of a Delete, no more than a reference to it.
func (w *wire) row() (payment.RowID, error) {
	id, err := guid(w.PrimaryEntityID)
	if err != nil {
		return "", fmt.Errorf("PrimaryEntityId, the row's id, %w", err)
	}
	if id != "" {
		return id, nil
	}
	if id, err = guid(parameter(w.OutputParameters, "id")); err != nil {
		return "", fmt.Errorf("id in OutputParameters, the row's id, %w", err)
	}
	if id != "" {
		return id, nil
	}
	var target struct{ ID json.RawMessage }
	// A Target that is no object has no id to be had.
	_ = json.Unmarshal(parameter(w.InputParameters, "Target"), &target)
	if id, err = guid(target.ID); err != nil {
		return "", fmt.Errorf("the Id of Target in InputParameters, the row's id, %w", err)
	}
	return id, nil
}

// parameter returns the value of a key in a list of parameters. There is none
// in a list that has another form or was left out.
func parameter(list json.RawMessage, key string) json.RawMessage {
	var pairs []struct {
		Key   string
		Value json.RawMessage
	}
	if json.Unmarshal(list, &pairs) != nil {
		return nil
	}
	for _, p := range pairs {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}
