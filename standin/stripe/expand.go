package stripe

import (
	"strings"
)

// maxExpandDepth is Stripe's.
const maxExpandDepth = 4

// expandable names, for each kind of object, the attributes that hold an id and the kind it is of.
var expandable = map[string]map[string]string{
	kindIntent:      {"latest_charge": kindCharge, "payment_method": kindMethod, "customer": "", "invoice": "", "review": "", "application": "", "on_behalf_of": ""},
	kindCharge:      {"payment_intent": kindIntent, "balance_transaction": kindTransaction, "dispute": kindDispute, "customer": "", "invoice": "", "failure_balance_transaction": "", "application_fee": "", "transfer": "", "review": "", "on_behalf_of": ""},
	kindRefund:      {"charge": kindCharge, "payment_intent": kindIntent, "balance_transaction": kindTransaction, "failure_balance_transaction": kindTransaction, "source_transfer_reversal": "", "transfer_reversal": ""},
	kindDispute:     {"charge": kindCharge, "payment_intent": kindIntent},
	kindSession:     {"payment_intent": kindIntent, "customer": "", "invoice": "", "setup_intent": "", "subscription": "", "payment_link": ""},
	kindTransaction: {"source": kindCharge},
}

// expand replaces ids by the objects they name, as the paths of expand[] say.
func (c *change) expand(d document, paths []string) error {
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if len(steps) > maxExpandDepth {
			return invalid("", "expand", "You cannot expand more than "+"4 levels of a property. Property: "+path)
		}
		if err := c.expandStep(d, steps, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) expandStep(d document, steps []string, path string) error {
	name, rest := steps[0], steps[1:]
	if kind := d["object"]; kind == "list" || kind == "search_result" {
		if name != "data" {
			return cannotExpand(path)
		}
		data, ok := d["data"].([]any)
		if !ok {
			return cannotExpand(path)
		}
		for _, item := range data {
			inner, ok := item.(document)
			if !ok || len(rest) == 0 {
				return cannotExpand(path)
			}
			if err := c.expandStep(inner, rest, path); err != nil {
				return err
			}
		}
		return nil
	}
	value, err := c.expanded(d, name, path)
	if err != nil {
		return err
	}
	d[name] = value
	if inner, ok := value.(document); ok && len(rest) > 0 {
		return c.expandStep(inner, rest, path)
	}
	return nil
}

// expanded is what an attribute holds once it is expanded.
func (c *change) expanded(d document, name, path string) (any, error) {
	own, _ := d["object"].(string)
	id, _ := d["id"].(string)
	if inner, ok := d[name].(document); ok {
		return inner, nil
	}
	switch {
	case own == kindCharge && name == "refunds":
		return c.sublist(kindRefund, "charge="+id, "/v1/charges/"+id+"/refunds")
	case own == kindSession && name == "line_items":
		session, err := load[session](c, kindSession, "session", id)
		if err != nil {
			return nil, err
		}
		return session.items(), nil
	}
	kind, ok := expandable[own][name]
	if !ok {
		return nil, cannotExpand(path)
	}
	target, _ := d[name].(string)
	if target == "" {
		return nil, nil
	}
	if own == kindTransaction {
		kind = kindOf(target)
	}
	o, err := c.load(kind, target)
	if err != nil {
		return nil, err
	}
	return render(o)
}

// kindOf tells the kind of an object by the prefix of its id.
func kindOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	return map[string]string{
		"pi": kindIntent, "ch": kindCharge, "re": kindRefund, "dp": kindDispute, "cs": kindSession, "pm": kindMethod,
		"txn": kindTransaction, "evt": kindEvent, "we": kindEndpoint,
	}[prefix]
}

// load reads an object whose kind is known only at run time.
func (c *change) load(kind, id string) (object, error) {
	switch kind {
	case kindIntent:
		return load[intent](c, kind, "id", id)
	case kindCharge:
		return load[charge](c, kind, "id", id)
	case kindRefund:
		return load[refund](c, kind, "id", id)
	case kindDispute:
		return load[dispute](c, kind, "id", id)
	case kindSession:
		return load[session](c, kind, "id", id)
	case kindMethod:
		return load[paymentMethod](c, kind, "id", id)
	case kindTransaction:
		return load[transaction](c, kind, "id", id)
	default:
		return nil, missing(spoken(kind), "id", id)
	}
}

func (c *change) sublist(kind, entry, url string) (document, error) {
	data := []any{}
	more := false
	err := c.each(kind, entry, 0, func(_ uint64, id string) (bool, error) {
		if len(data) == defaultPage {
			more = true
			return false, nil
		}
		o, err := c.load(kind, id)
		if err != nil {
			return false, err
		}
		d, err := render(o)
		if err != nil {
			return false, err
		}
		data = append(data, d)
		return true, nil
	})
	return document{"object": "list", "data": data, "has_more": more, "url": url}, err
}

func cannotExpand(path string) *apiError {
	return invalid("", "expand", "This property cannot be expanded ("+path+").")
}
