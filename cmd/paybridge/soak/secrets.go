package soak

import (
	"encoding/json"
	"fmt"
)

// searchRows looks for secrets in the rows as people see them.
func (s *soak) searchRows(rows []map[string]any) {
	for _, row := range rows {
		if text, err := json.Marshal(row); err == nil {
			s.tally.search("a payment row", string(text))
		}
	}
}

// searchJobs looks for secrets in the timeline, and in what the CRM noted
// about posts that did not work, which is what the functions answered.
func (s *soak) searchJobs() error {
	for _, table := range []string{"pb_paymentevent", "asyncoperation"} {
		rows, err := s.ends.dataverse.Rows(table)
		if err != nil {
			return fmt.Errorf("looking for secrets: %w", err)
		}
		for _, row := range rows {
			if text, err := json.Marshal(row.Values); err == nil {
				s.tally.search("a row of "+table, string(text))
			}
		}
	}
	return nil
}
