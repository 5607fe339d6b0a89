package stripe

import (
	"net/http"
	"net/url"
)

// challenge is the page on which a customer proves to be the cardholder.
func (p *pages) challenge(w http.ResponseWriter, r *http.Request) {
	i, err := find[intent](p.server, kindIntent, r.PathValue("id"))
	if err != nil || i.Status != statusRequiresAction {
		p.notice(w, r, http.StatusNotFound, "Nothing to authenticate", "No payment waits for an authentication here.")
		return
	}
	p.show(w, r, http.StatusOK, "authenticate.html", map[string]string{"ID": i.ID, "Total": spell(i.Amount, i.Currency)})
}

func (p *pages) authenticate(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id := r.PathValue("id")
	result := "failed"
	if r.PostFormValue("result") == "succeeded" {
		result = "succeeded"
	}
	i, err := find[intent](p.server, kindIntent, id)
	if err == nil {
		err = p.server.Authenticate(id, result == "succeeded")
	}
	if err != nil {
		p.notice(w, r, http.StatusNotFound, "Nothing to authenticate", "No payment waits for an authentication here.")
		return
	}
	back, err := url.Parse(i.ReturnURL)
	if err != nil || i.ReturnURL == "" {
		p.notice(w, r, http.StatusOK, "Authentication "+result, "You can close this page.")
		return
	}
	if i.Session == "" {
		query := back.Query()
		query.Set("payment_intent", i.ID)
		query.Set("payment_intent_client_secret", i.ClientSecret)
		query.Set("redirect_status", result)
		back.RawQuery = query.Encode()
	}
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (p *pages) receipt(w http.ResponseWriter, r *http.Request) {
	ch, err := find[charge](p.server, kindCharge, r.PathValue("id"))
	if err != nil {
		p.notice(w, r, http.StatusNotFound, "No such receipt", "There is no such charge.")
		return
	}
	p.notice(w, r, http.StatusOK, "Receipt", spell(ch.Amount, ch.Currency)+", "+ch.Status+".")
}
