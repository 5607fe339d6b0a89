package local

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

func (l *Local) startDataverse(ctx context.Context) error {
	if url := l.cfg.Settings["DataverseUrl"]; url != "" {
		l.urls.Dataverse = url
		return nil
	}
	listener, err := l.listen(ctx, "Dataverse", l.cfg.DataversePort, &l.state.DataversePort)
	if err != nil {
		return err
	}
	config := dataverse.Config{
		Dir: filepath.Join(l.cfg.Data, "dataverse"), Tables: dataverse.MappedTables(l.mapping), Logger: l.log,
		// A step names the organisation by its host, and PayBridge knows it by
		// DataverseUrl.
		OrganizationHost: listener.Addr().String(),
	}
	if l.cfg.EmptyDataverse {
		config.Tables, config.NoApplicationUser, config.Roles = dataverse.BareTables(l.mapping), true, true
	}
	if l.cfg.Dataverse != nil {
		l.cfg.Dataverse(&config)
	}
	// What is left of the last run has to wait for the functions as well.
	config.Steps.Held = true
	server, err := dataverse.Open(config)
	if err != nil {
		return err
	}
	l.Dataverse = server
	l.closers = append(l.closers, server.Close)
	l.urls.Dataverse = l.serve(listener, server)
	return nil
}

func (l *Local) startStripe(ctx context.Context) error {
	if key := l.cfg.Settings["StripeSecretKey"]; key != "" {
		l.urls.Stripe = orElse(l.cfg.Settings["StripeApiBase"], "https://api.stripe.com")
		l.urls.StripeWebhookSecret = l.cfg.Settings["StripeWebhookSecret"]
		return nil
	}
	listener, err := l.listen(ctx, "Stripe", l.cfg.StripePort, &l.state.StripePort)
	if err != nil {
		return err
	}
	config := stripe.Config{Dir: filepath.Join(l.cfg.Data, "stripe"), Logger: l.log}
	if l.cfg.Stripe != nil {
		l.cfg.Stripe(&config)
	}
	server, err := stripe.Open(config)
	if err != nil {
		return err
	}
	l.Stripe = server
	l.closers = append(l.closers, server.Close)
	l.urls.StripeSecretKey = server.SecretKey()
	l.urls.Stripe = l.serve(listener, shop(server))
	return nil
}

// shop puts the two pages beside Stripe that Checkout sends a customer to.
func shop(stripe http.Handler) http.Handler {
	mux := http.NewServeMux()
	page := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><title>Shop</title><p>"+text+"</p>\n")
		}
	}
	mux.HandleFunc("GET "+thanksPath, page("Thank you. The payment row in the CRM will say so in a moment."))
	mux.HandleFunc("GET "+cartPath, page("Nothing was paid."))
	mux.Handle("/", stripe)
	return mux
}

const (
	thanksPath = "/shop/thanks"
	cartPath   = "/shop/cart"
)

// listen listens on the port that was asked for, else on the one of the last
// run, else on any, and notes it: payments name the CRM by its host and port,
// so a changed one would make them another organisation's.
func (l *Local) listen(ctx context.Context, what string, port int, last *int) (net.Listener, error) {
	listener, err := listen(ctx, port, *last)
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", what, err)
	}
	*last = listener.Addr().(*net.TCPAddr).Port
	return listener, nil
}

func (l *Local) serve(listener net.Listener, handler http.Handler) string {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	l.servers = append(l.servers, server)
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String()
}

func listen(ctx context.Context, port, last int) (net.Listener, error) {
	var config net.ListenConfig
	if port == 0 && last != 0 {
		if listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", last)); err == nil {
			return listener, nil
		}
	}
	return config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
