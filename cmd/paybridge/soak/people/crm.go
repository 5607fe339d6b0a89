package people

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// CRM is the CRM as a person in it uses it.
type CRM struct {
	base   string
	client *http.Client
	// currencies :: ISO code → id of its row.
	currencies map[string]string
}

// person is the bearer token of whoever acts; the stand-in knows Ann.
const person = "user:Ann"

// OpenCRM returns the CRM at this address, once it has read its currencies.
func OpenCRM(ctx context.Context, address string, client *http.Client) (*CRM, error) {
	c := &CRM{base: address + "/api/data/v9.2/", client: client, currencies: map[string]string{}}
	rows, err := c.All(ctx, "transactioncurrencies?$select=isocurrencycode")
	if err != nil {
		return nil, fmt.Errorf("reading the CRM's currencies: %w", err)
	}
	for _, row := range rows {
		code, _ := row["isocurrencycode"].(string)
		c.currencies[code], _ = row["transactioncurrencyid"].(string)
	}
	return c, nil
}

func (c *CRM) do(ctx context.Context, method, path, body string) (map[string]any, error) {
	where := path
	if !strings.HasPrefix(path, "http://") {
		where = c.base + path
	}
	status, answer, err := call(ctx, c.client, method, where, http.Header{
		"Authorization": {"Bearer " + person}, "Content-Type": {"application/json"},
		"Prefer": {`return=representation,odata.maxpagesize=1000,odata.include-annotations="OData.Community.Display.V1.FormattedValue"`},
	}, body)
	if err == nil && status > 299 {
		err = &Refused{Method: method, Path: path, Status: status, Answer: answer}
	}
	return answer, err
}

// All reads a list, page by page.
func (c *CRM) All(ctx context.Context, path string) ([]map[string]any, error) {
	var rows []map[string]any
	for path != "" {
		page, err := c.do(ctx, http.MethodGet, path, "")
		if err != nil {
			return nil, err
		}
		values, _ := page["value"].([]any)
		for _, v := range values {
			row, _ := v.(map[string]any)
			rows = append(rows, row)
		}
		path, _ = page["@odata.nextLink"].(string)
	}
	return rows, nil
}

// Columns are columns of a payment row to write, by logical name.
type Columns map[string]any

// Asking are the columns that ask for something.
func Asking(r payment.Request) Columns {
	return Columns{"pb_request": crm.PaymentMapping().RequestValues[r]}
}

// By adds how the customer is to be asked to pay.
func (c Columns) By(by payment.CollectBy) Columns {
	return c.With("pb_collectby", crm.PaymentMapping().CollectByValues[by])
}

// With adds a column.
func (c Columns) With(name string, value any) Columns {
	c[name] = value
	return c
}

// Amount is an amount for a column, in the currency's major unit.
func Amount(text string) json.Number { return json.Number(text) }

// Add makes a payment row and returns its id.
func (c *CRM) Add(ctx context.Context, amount, currency string, more Columns) (string, error) {
	columns := Columns{"pb_name": "Order", "pb_amount": Amount(amount)}
	columns["transactioncurrencyid@odata.bind"] = "/transactioncurrencies(" + c.currencies[strings.ToUpper(currency)] + ")"
	maps.Copy(columns, more)
	body, err := json.Marshal(columns)
	if err != nil {
		return "", err
	}
	made, err := c.do(ctx, http.MethodPost, "pb_payments", string(body))
	if err != nil {
		return "", err
	}
	id, _ := made["pb_paymentid"].(string)
	return id, nil
}

// Change writes columns of a row.
func (c *CRM) Change(ctx context.Context, id string, columns Columns) error {
	body, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, http.MethodPatch, "pb_payments("+id+")", string(body))
	return err
}

// Read reads a row.
func (c *CRM) Read(ctx context.Context, id string) (map[string]any, error) {
	return c.do(ctx, http.MethodGet, "pb_payments("+url.PathEscape(id)+")", "")
}

// Delete deletes a row.
func (c *CRM) Delete(ctx context.Context, id string) error {
	_, err := c.do(ctx, http.MethodDelete, "pb_payments("+id+")", "")
	return err
}
