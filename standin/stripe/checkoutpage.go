package stripe

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are what people see: Checkout, an issuer's authentication, a receipt. They work without JavaScript.
type pages struct {
	server    *Server
	templates *template.Template
}

type choice struct {
	Value, Label string
	Checked      bool
}

func (s *Server) pageRoutes(mux *http.ServeMux) error {
	templates, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return fmt.Errorf("parsing the pages: %w", err)
	}
	p := &pages{server: s, templates: templates}
	mux.HandleFunc("GET /c/pay/{id}", func(w http.ResponseWriter, r *http.Request) { p.checkout(w, r, "") })
	mux.HandleFunc("POST /c/pay/{id}", p.submit)
	mux.HandleFunc("GET /authenticate/{id}", p.challenge)
	mux.HandleFunc("POST /authenticate/{id}", p.authenticate)
	mux.HandleFunc("GET /receipts/payment/{id}", p.receipt)
	return nil
}

func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		p.server.cfg.Logger.LogAttrs(r.Context(), slog.LevelError, "stripe stand-in: page broke", slog.Any("error", err))
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A browser that went away is no concern of the server's.
	_, _ = w.Write(page.Bytes())
}

func (p *pages) notice(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	p.show(w, r, status, "notice.html", map[string]string{"Title": title, "Text": text})
}

// find reads an object of whichever account has it.
func find[T any](s *Server, kind, id string) (*T, error) {
	var found *T
	err := s.sweep()
	if err != nil {
		return nil, err
	}
	err = s.view(s.account, func(c *change) error {
		account, err := c.owner(kind, id)
		if err != nil {
			return err
		}
		c.account = account
		found, err = load[T](c, kind, "id", id)
		return err
	})
	return found, err
}

func (p *pages) checkout(w http.ResponseWriter, r *http.Request, problem string) {
	s, err := find[session](p.server, kindSession, r.PathValue("id"))
	if err != nil {
		p.notice(w, r, http.StatusNotFound, "Something went wrong", "There is no such Checkout Session.")
		return
	}
	switch s.Status {
	case sessionComplete:
		http.Redirect(w, r, s.successURL(), http.StatusSeeOther)
		return
	case sessionExpired:
		p.notice(w, r, http.StatusOK, "This checkout session has expired", "Ask the shop for a new link.")
		return
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusPaymentRequired
	}
	p.show(w, r, status, "checkout.html", map[string]any{
		"ID": s.ID, "Total": spell(s.AmountTotal, s.Currency), "Items": s.Items, "Problem": problem,
		"Email": orText(s.CustomerEmail, "jenny.rosen@example.com"), "Name": "Jenny Rosen", "Choices": s.choices(),
	})
}

// choices are the ways to pay that the page offers.
func (s *session) choices() []choice {
	if s.PaymentStatus == sessionNothing {
		return []choice{{"ok", "Nothing to pay", true}}
	}
	var offered []choice
	if slices.Contains(s.MethodTypes, "card") {
		offered = []choice{
			{"ok", "A card that works (4242)", true}, {"declined", "A card that is declined (0002)", false},
			{"authentication", "A card that asks for authentication (3220)", false},
		}
	}
	for _, kind := range s.MethodTypes {
		if method, ok := delayedTests[kind]; ok {
			offered = append(offered, choice{method.good, "A delayed payment (" + kind + ") that arrives", len(offered) == 0},
				choice{method.bad, "A delayed payment (" + kind + ") that fails", false})
		}
	}
	return offered
}

// methodOf is the test payment method of a choice; the delayed ones are called by their own ids.
func methodOf(choice string) string {
	switch choice {
	case "declined":
		return "pm_card_chargeDeclined"
	case "authentication":
		return "pm_card_threeDSecure2Required"
	case "", "ok":
		return "pm_card_visa"
	default:
		return choice
	}
}

func (p *pages) submit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id := r.PathValue("id")
	s, err := find[session](p.server, kindSession, id)
	if err != nil || s.Status != sessionOpen {
		p.checkout(w, r, "")
		return
	}
	chosen := r.PostFormValue("choice")
	if r.PostFormValue("do") == "cancel" || chosen == "nothing" {
		if s.CancelURL == nil {
			p.notice(w, r, http.StatusOK, "Nothing was paid", "The link stays valid until it expires.")
			return
		}
		http.Redirect(w, r, s.fill(*s.CancelURL), http.StatusSeeOther)
		return
	}
	var refused *apiError
	by := Payer{Method: methodOf(chosen), Email: r.PostFormValue("email"), Name: r.PostFormValue("name")}
	err = p.server.happen(kindSession, id, func(c *change) error {
		s, err := load[session](c, kindSession, "session", id)
		if err != nil {
			return err
		}
		err = c.pay(s, by, p.server.base(r))
		refused, _ = errors.AsType[*apiError](err)
		return err
	})
	if refused != nil {
		p.checkout(w, r, refused.Message)
		return
	}
	if err != nil {
		p.notice(w, r, http.StatusInternalServerError, "Something went wrong", "The payment could not be made.")
		return
	}
	s, err = find[session](p.server, kindSession, id)
	if err == nil && s.Status == sessionOpen && s.PaymentIntent != nil {
		http.Redirect(w, r, "/authenticate/"+url.PathEscape(*s.PaymentIntent), http.StatusSeeOther)
		return
	}
	p.checkout(w, r, "")
}

func (s *session) successURL() string { return s.fill(*s.SuccessURL) }

// fill puts the session's id where the shop's URL has Stripe's placeholder.
func (s *session) fill(target string) string {
	return strings.NewReplacer("{CHECKOUT_SESSION_ID}", s.ID, "%7BCHECKOUT_SESSION_ID%7D", s.ID).Replace(target)
}
