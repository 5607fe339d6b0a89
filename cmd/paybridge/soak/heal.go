package soak

import (
	"context"
	"encoding/json"
	"fmt"

	"paybridge/cmd/paybridge/soak/people"
)

// heal is what is done about the CRM's posts that were lost: Dataverse makes
// one only once more after a 502, 503 or 504, and gives up at once when nobody
// answers. A person looks at the failed system jobs and saves those rows again.
func (s *soak) heal(ctx context.Context) error {
	saved := map[string]bool{}
	for {
		rows, err := s.lostPosts(saved)
		if err != nil || len(rows) == 0 {
			return err
		}
		s.cfg.Progress(fmt.Sprintf("saving %d rows again whose posts the CRM gave up", len(rows)))
		for _, row := range rows {
			if err := s.saveAgain(ctx, row); err != nil {
				return err
			}
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
}

// lostPosts are the rows of system jobs that failed, those that were saved
// again already left out.
func (s *soak) lostPosts(known map[string]bool) ([]string, error) {
	jobs, err := s.ends.dataverse.Rows("asyncoperation")
	if err != nil {
		return nil, fmt.Errorf("looking for lost posts: %w", err)
	}
	lost := map[string]bool{}
	var rows []string
	for _, job := range jobs {
		row, _ := job.Values["regardingobjectid"].(string)
		if job.Values["statuscode"] != json.Number("31") || known[job.ID] {
			continue
		}
		known[job.ID] = true
		if !lost[row] {
			lost[row] = true
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// saveAgain writes the request of a row as it is. A row that is gone asks for
// nothing.
func (s *soak) saveAgain(ctx context.Context, id string) error {
	for _, l := range s.lives {
		if l.row == id && l.deleted {
			return nil
		}
	}
	row, err := s.crm.Read(ctx, id)
	if err != nil {
		return err
	}
	return s.crm.Change(ctx, id, people.Columns{"pb_request": row["pb_request"]})
}
