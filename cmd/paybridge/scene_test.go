package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/servicebus"
)

// scene is what an operator meets: a PayBridge that runs, in the process of
// the test, with payments and messages of which something went wrong.
type scene struct {
	*local.Local
	dist   string
	packed func() error
}

type sceneKey struct{}

// patience bounds every wait of a script.
const patience = time.Minute

// sceneCommands are the commands by which a script sets its scene.
//
//	local [empty]          runs PayBridge on $WORK/.paybridge until the script ends,
//	                       with a Dataverse in which setup has not run; its
//	                       address is in CRM_URL
//	asks NAME              makes a payment row that asks to be paid; $NAME_ROW is
//	                       its id
//	paid NAME [silently]   makes a payment row and pays it at Stripe; $NAME_ROW and
//	                       $NAME_INTENT are the ids. Of a payment that is made
//	                       silently Stripe tells nobody
//	deadletter QUEUE BODY  puts a message into the dead letters, as if it had lain
//	                       on the queue for too long
//	settled                waits until nothing is on its way
//	shows NAME STATUS      waits until the payment's row shows the status
func sceneCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range map[string]func(*scene, context.Context, *testscript.TestScript, []string) error{
		"local": (*scene).local, "asks": (*scene).asks, "paid": (*scene).paid, "deadletter": (*scene).deadLetter, "settled": (*scene).settled, "shows": (*scene).shows,
	} {
		commands[name] = func(ts *testscript.TestScript, _ bool, args []string) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			ts.Check(do(ts.Value(sceneKey{}).(*scene), ctx, ts, args))
		}
	}
	return commands
}

func (s *scene) local(ctx context.Context, ts *testscript.TestScript, args []string) error {
	err := s.packed()
	if err != nil {
		return err
	}
	s.Local, err = local.Start(ctx, local.Config{
		Dist: s.dist, Data: ts.MkAbs(".paybridge"), HandlerOutput: io.Discard, EmptyDataverse: len(args) > 0,
	})
	if err == nil {
		ts.Defer(func() { _ = s.Close() })
		ts.Setenv("CRM_URL", s.Endpoints().Dataverse)
	}
	return err
}

func (s *scene) asks(ctx context.Context, ts *testscript.TestScript, args []string) error {
	id, err := (&demonstration{urls: s.Endpoints(), in: s.Mapping()}).makeRow(ctx)
	ts.Setenv(args[0]+"_ROW", id)
	return err
}

func (s *scene) paid(ctx context.Context, ts *testscript.TestScript, args []string) error {
	name, silently := args[0], len(args) > 1
	for _, kind := range []string{"payment_intent.created", "payment_intent.succeeded", "charge.succeeded", "charge.updated"} {
		times := 0
		if silently {
			times = 1000
		}
		if err := s.Stripe.Silence(kind, times); err != nil {
			return err
		}
	}
	d := &demonstration{urls: s.Endpoints(), in: s.Mapping()}
	euro, err := d.euro(ctx)
	if err != nil {
		return err
	}
	row, err := d.dataverse(ctx, http.MethodPost, d.urls.Dataverse+"/api/data/v9.2/pb_payments",
		fmt.Sprintf(`{"pb_name":"Order","pb_amount":12.5,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"}`, euro))
	if err != nil {
		return err
	}
	id, _ := row["pb_paymentid"].(string)
	org := strings.TrimPrefix(d.urls.Dataverse, "http://")
	intent, err := d.stripe(ctx, "/v1/payment_intents", "amount", "1250", "currency", "eur", "payment_method_types[]", "card",
		"payment_method", "pm_card_visa", "confirm", "true", "metadata[CRM_PaymentId]", id, "metadata[CRM_Org]", org)
	if err != nil {
		return err
	}
	ts.Setenv(name+"_ROW", id)
	ts.Setenv(name+"_INTENT", fmt.Sprint(intent["id"]))
	return nil
}

// deadLetter lets a message expire in the moment in which it is sent, which no
// receiver can forestall.
func (s *scene) deadLetter(ctx context.Context, _ *testscript.TestScript, args []string) error {
	queue, err := s.Queues.Queue(args[0])
	if err != nil {
		return err
	}
	body := strings.NewReplacer(`\e`, "\x1b", `\0`, "\x00", `\n`, "\n").Replace(args[1])
	return queue.Send(ctx, servicebus.Message{Body: []byte(body), MessageID: "sent-by-a-script", TimeToLive: time.Nanosecond})
}

func (s *scene) settled(ctx context.Context, _ *testscript.TestScript, _ []string) error {
	return s.WaitIdle(ctx)
}

func (s *scene) shows(ctx context.Context, ts *testscript.TestScript, args []string) error {
	d := &demonstration{urls: s.Endpoints(), in: s.Mapping()}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		_, status, err := d.readRow(ctx, ts.Getenv(args[0]+"_ROW"))
		if err != nil || status == args[1] {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the row shows %q", status)
		case <-tick.C:
		}
	}
}
