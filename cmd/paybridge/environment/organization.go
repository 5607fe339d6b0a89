package environment

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"paybridge/internal/dataverse"
)

// Organization is what is true of the environment as a whole.
type Organization struct {
	ID   uuid.UUID
	Name string
	// Language is the base language as a Windows LCID, 1033 for English. Labels
	// can be written in no other that nobody has installed.
	Language int
	// BaseCurrency is the row of the currency in which totals are kept.
	BaseCurrency uuid.UUID
	// RootUnit is the business unit that all others are below.
	RootUnit uuid.UUID
}

// Organization reads the organisation.
func (r *Reader) Organization(ctx context.Context) (Organization, error) {
	found, err := first(rows(ctx, r, "organizations", dataverse.Query{
		Select: []string{"organizationid", "name", "languagecode", "_basecurrencyid_value"},
	}, func(row dataverse.Row) (o Organization, err error) {
		if o.ID, err = row.GUID("organizationid"); err != nil {
			return o, err
		}
		if o.Name, err = row.String("name"); err != nil {
			return o, err
		}
		language, err := row.Int("languagecode")
		if err != nil {
			return o, err
		}
		o.Language = int(language)
		o.BaseCurrency, err = row.Lookup("basecurrencyid")
		return o, err
	}))
	if err != nil {
		return Organization{}, err
	}
	if found == nil {
		return Organization{}, errors.New("reading the organisation: Dataverse shows none")
	}
	units, err := rows(ctx, r, "businessunits", dataverse.Query{
		Select: []string{"businessunitid"}, Filter: dataverse.Eq("_parentbusinessunitid_value", nil),
	}, func(row dataverse.Row) (uuid.UUID, error) { return row.GUID("businessunitid") })
	if err != nil {
		return Organization{}, err
	}
	if len(units) == 0 {
		return Organization{}, errors.New("reading the organisation: it has no root business unit")
	}
	found.RootUnit = units[0]
	return *found, nil
}

// Currency is a currency that rows can be in.
type Currency struct {
	ID uuid.UUID
	// Code is the ISO code, such as EUR, and Precision how many decimals the
	// environment shows.
	Code      string
	Precision int
}

// Currencies returns the active currencies by their codes.
func (r *Reader) Currencies(ctx context.Context) ([]Currency, error) {
	return rows(ctx, r, "transactioncurrencies", dataverse.Query{
		Select: []string{"transactioncurrencyid", "isocurrencycode", "currencyprecision"},
		Filter: dataverse.Eq("statecode", 0), OrderBy: []dataverse.Order{{Column: "isocurrencycode"}},
	}, func(row dataverse.Row) (c Currency, err error) {
		if c.ID, err = row.GUID("transactioncurrencyid"); err != nil {
			return c, err
		}
		if c.Code, err = row.String("isocurrencycode"); err != nil {
			return c, err
		}
		precision, err := row.Int("currencyprecision")
		c.Precision = int(precision)
		return c, err
	})
}

// Publisher is a publisher of solutions, with the prefixes of what it owns.
type Publisher struct {
	ID           uuid.UUID
	Prefix       string
	OptionPrefix int
}

// Publisher finds a publisher by its unique name, nil where there is none.
func (r *Reader) Publisher(ctx context.Context, name string) (*Publisher, error) {
	return first(rows(ctx, r, "publishers", dataverse.Query{
		Select: []string{"publisherid", "customizationprefix", "customizationoptionvalueprefix"}, Filter: dataverse.Eq("uniquename", name),
	}, func(row dataverse.Row) (p Publisher, err error) {
		if p.ID, err = row.GUID("publisherid"); err != nil {
			return p, err
		}
		if p.Prefix, err = row.String("customizationprefix"); err != nil {
			return p, err
		}
		prefix, err := row.Int("customizationoptionvalueprefix")
		p.OptionPrefix = int(prefix)
		return p, err
	}))
}

// Solution is a solution.
type Solution struct {
	ID        uuid.UUID
	Version   string
	Managed   bool
	Publisher uuid.UUID
}

// Solution finds a solution by its unique name, nil where there is none.
func (r *Reader) Solution(ctx context.Context, name string) (*Solution, error) {
	return first(rows(ctx, r, "solutions", dataverse.Query{
		Select: []string{"solutionid", "version", "ismanaged", "_publisherid_value"}, Filter: dataverse.Eq("uniquename", name),
	}, func(row dataverse.Row) (s Solution, err error) {
		if s.ID, err = row.GUID("solutionid"); err != nil {
			return s, err
		}
		if s.Version, err = row.String("version"); err != nil {
			return s, err
		}
		if s.Managed, err = row.Bool("ismanaged"); err != nil {
			return s, err
		}
		s.Publisher, err = row.Lookup("publisherid")
		return s, err
	}))
}
