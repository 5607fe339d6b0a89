package provision

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
)

// create makes a row of a table of components.
func (s *setup) create(ctx context.Context, set, solution string, values dataverse.Values) error {
	_, err := s.client.Create(ctx, set, values, &dataverse.WriteOptions{Solution: solution})
	return err
}

// update changes a row of a table of components.
func (s *setup) update(ctx context.Context, set string, key dataverse.Key, values dataverse.Values) error {
	_, err := s.client.Update(ctx, set, key, values, &dataverse.WriteOptions{Solution: environment.SolutionName})
	return err
}

func (s *setup) lookPublisher(ctx context.Context) (finding, error) {
	have, err := s.read.Publisher(ctx, crm.PublisherName)
	if err != nil {
		return finding{}, err
	}
	s.publisher = have
	if have == nil {
		return finding{todo: []action{{text: fmt.Sprintf("made with the prefix %s and choice values from %d0000", crm.PublisherPrefix, crm.PublisherChoicePrefix), do: func(ctx context.Context) error {
			return s.create(ctx, "publishers", "", dataverse.Values{
				"friendlyname": "PayBridge", "uniquename": crm.PublisherName, "description": "Payments between Stripe and Dynamics 365",
				"customizationprefix": crm.PublisherPrefix, "customizationoptionvalueprefix": crm.PublisherChoicePrefix,
			})
		}}}}, nil
	}
	f := finding{is: "has the prefix " + have.Prefix}
	if have.Prefix != crm.PublisherPrefix || have.OptionPrefix != crm.PublisherChoicePrefix {
		// With another prefix everything would have another name.
		return f, &Refused{
			Problem: fmt.Sprintf("it has the prefix %s and choice values from %d0000, not %s and %d0000", have.Prefix, have.OptionPrefix, crm.PublisherPrefix, crm.PublisherChoicePrefix),
			Remedy:  "it is somebody else's publisher: give it another unique name, then run setup again",
		}
	}
	return f, nil
}

func (s *setup) lookSolution(ctx context.Context) (finding, error) {
	have, err := s.read.Solution(ctx, environment.SolutionName)
	if err != nil {
		return finding{}, err
	}
	if have == nil {
		return finding{todo: []action{{text: "made", do: func(ctx context.Context) error {
			return s.create(ctx, "solutions", "", dataverse.Values{
				"friendlyname": "PayBridge", "uniquename": environment.SolutionName, "version": "1.0.0.0",
				"description":                 "What PayBridge keeps in this environment",
				dataverse.Bind("publisherid"): dataverse.Reference{Set: "publishers", Key: dataverse.RowID(s.publisher.ID)},
			})
		}}}}, nil
	}
	if have.Managed {
		return finding{}, &Refused{
			Problem: "it was imported as a managed solution, into which nothing can be made",
			Remedy:  "update it by importing the next version, or run setup in the environment where the solution was exported",
		}
	}
	return finding{is: "is there, version " + have.Version}, nil
}
