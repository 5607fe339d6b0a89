package queues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
)

// broker stands in for the SDK's Sender and Receiver and notes what is done in
// which order.
type broker struct {
	dead []*azservicebus.ReceivedMessage
	// did are the operations that changed something, sent the messages.
	did  []string
	sent []*azservicebus.AMQPAnnotatedMessage
	// fail are errors by operation.
	fail map[string]error
}

func (b *broker) do(what string) error {
	if err := b.fail[what]; err != nil {
		return err
	}
	b.did = append(b.did, what)
	return nil
}

// PeekMessages pages by the sequence number, two messages at a time, as Service
// Bus may return fewer than asked for.
func (b *broker) PeekMessages(_ context.Context, n int, o *azservicebus.PeekMessagesOptions) ([]*azservicebus.ReceivedMessage, error) {
	if err := b.fail["peek"]; err != nil {
		return nil, err
	}
	at := slices.IndexFunc(b.dead, func(m *azservicebus.ReceivedMessage) bool { return *m.SequenceNumber >= *o.FromSequenceNumber })
	if at < 0 {
		return nil, nil
	}
	return b.dead[at:min(len(b.dead), at+min(n, 2))], nil
}

func (b *broker) ReceiveMessages(ctx context.Context, n int, _ *azservicebus.ReceiveMessagesOptions) ([]*azservicebus.ReceivedMessage, error) {
	if err := b.fail["receive"]; err != nil {
		return nil, err
	}
	if len(b.dead) == 0 {
		return nil, context.DeadlineExceeded // as after the wait
	}
	n = min(n, len(b.dead))
	out := b.dead[:n]
	b.dead = b.dead[n:]
	return out, ctx.Err()
}

func (b *broker) CompleteMessage(context.Context, *azservicebus.ReceivedMessage, *azservicebus.CompleteMessageOptions) error {
	return b.do("complete")
}

func (b *broker) AbandonMessage(context.Context, *azservicebus.ReceivedMessage, *azservicebus.AbandonMessageOptions) error {
	return b.do("abandon")
}

func (b *broker) NewMessageBatch(context.Context, *azservicebus.MessageBatchOptions) (*azservicebus.MessageBatch, error) {
	return nil, b.fail["batch"]
}

func (b *broker) SendMessageBatch(context.Context, *azservicebus.MessageBatch, *azservicebus.SendMessageBatchOptions) error {
	return b.do("send batch")
}

func (b *broker) SendAMQPAnnotatedMessage(_ context.Context, m *azservicebus.AMQPAnnotatedMessage, _ *azservicebus.SendAMQPAnnotatedMessageOptions) error {
	b.sent = append(b.sent, m)
	return b.do("send")
}

func (b *broker) Close(context.Context) error { return nil }

func (b *broker) namespace() *namespace {
	return &namespace{
		sender:   func(string) (sender, error) { return b, b.fail["open"] },
		receiver: func(string, azservicebus.SubQueue) (receiver, error) { return b, b.fail["open"] },
		close:    func(context.Context) error { return nil },
	}
}

// letter is a message as the SDK hands it out of the dead letters.
func letter(number int64, body string) *azservicebus.ReceivedMessage {
	enqueued := time.Date(2026, time.May, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	reason, kind := "MaxDeliveryCountExceeded", "application/json"
	return &azservicebus.ReceivedMessage{
		SequenceNumber: &number, MessageID: "m", Body: []byte(body), EnqueuedTime: &enqueued, DeliveryCount: 101, DeadLetterReason: &reason,
		RawAMQPMessage: &azservicebus.AMQPAnnotatedMessage{
			Body:                  azservicebus.AMQPAnnotatedMessageBody{Data: [][]byte{[]byte(body)}},
			Properties:            &azservicebus.AMQPAnnotatedMessageProperties{MessageID: "m", ContentType: &kind, CreationTime: &enqueued},
			ApplicationProperties: map[string]any{"Diagnostic-Id": "d", "DeadLetterReason": reason, "DeadLetterErrorDescription": "so"},
			MessageAnnotations:    map[any]any{"x-opt-sequence-number": number},
			Header:                &azservicebus.AMQPAnnotatedMessageHeader{DeliveryCount: 100, TTL: time.Minute},
		},
	}
}

func open(t *testing.T, b *broker) DeadLetters {
	t.Helper()
	box, err := b.namespace().DeadLetters("payment-events")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestPeekedIsNotDelivered(t *testing.T) {
	box := open(t, &broker{dead: []*azservicebus.ReceivedMessage{letter(7, "x")}})
	peeked, err := box.Peek(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	received, err := box.Receive(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if peeked[0].DeliveryCount != 100 || received[0].DeliveryCount != 101 {
		t.Errorf("delivery counts %d peeked, %d received", peeked[0].DeliveryCount, received[0].DeliveryCount)
	}
	got := peeked[0]
	got.received = nil
	want := DeadLetter{
		SequenceNumber: 7, MessageID: "m", Body: []byte("x"), EnqueuedTime: time.Date(2026, time.May, 1, 11, 0, 0, 0, time.UTC),
		DeliveryCount: 100, Reason: "MaxDeliveryCountExceeded",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(DeadLetter{})); diff != "" {
		t.Error(diff)
	}
}

func TestResubmitSendsBeforeItCompletes(t *testing.T) {
	b := &broker{dead: []*azservicebus.ReceivedMessage{letter(7, "x")}}
	box := open(t, b)
	received, err := box.Receive(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Resubmit(t.Context(), received[0]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"send", "complete"}, b.did); diff != "" {
		t.Error(diff)
	}
	sent := b.sent[0]
	if id, _ := sent.Properties.MessageID.(string); id == "" || id == "m" {
		t.Errorf("the copy has the message id %q: duplicate detection may drop it", id)
	}
	sent.Properties.MessageID = nil
	kind := "application/json"
	want := &azservicebus.AMQPAnnotatedMessage{
		Body:                  azservicebus.AMQPAnnotatedMessageBody{Data: [][]byte{[]byte("x")}},
		Properties:            &azservicebus.AMQPAnnotatedMessageProperties{ContentType: &kind},
		ApplicationProperties: map[string]any{"Diagnostic-Id": "d"},
	}
	if diff := cmp.Diff(want, sent, cmp.AllowUnexported(azservicebus.AMQPAnnotatedMessage{})); diff != "" {
		t.Errorf("the copy is not what its sender wrote:\n%s", diff)
	}
	original := received[0].received.(*azservicebus.ReceivedMessage).RawAMQPMessage
	if original.Properties.MessageID != "m" || original.ApplicationProperties["DeadLetterReason"] == nil {
		t.Error("making the copy changed the original")
	}
}

func TestResubmitThatFailsHalfway(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		fail  map[string]error
		did   []string
		stays bool
	}{
		"nothing is sent":       {map[string]error{"send": broken}, nil, false},
		"it cannot be removed":  {map[string]error{"complete": broken}, []string{"send"}, true},
		"the lock was lost":     {map[string]error{"complete": &azservicebus.Error{Code: azservicebus.CodeLockLost}}, []string{"send"}, true},
		"the queue is not open": {map[string]error{"open": broken}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := &broker{}
			box := open(t, b)
			b.fail = c.fail
			err := box.Resubmit(t.Context(), letters([]*azservicebus.ReceivedMessage{letter(7, "x")}, false)[0])
			if err == nil || errors.Is(err, ErrStays) != c.stays {
				t.Errorf("the error is %v", err)
			}
			if diff := cmp.Diff(c.did, b.did); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWaitingInVainIsNoError(t *testing.T) {
	got, err := open(t, &broker{}).Receive(t.Context(), 1)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, &broker{fail: map[string]error{"receive": context.Canceled}}).Receive(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestWaitingIsCountedInPages(t *testing.T) {
	b := &broker{}
	for i := range int64(7) {
		b.dead = append(b.dead, letter(3*i+1, "x"))
	}
	if n, err := b.namespace().Waiting(t.Context(), "payment-events"); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	for i := range int64(2 * WaitingLimit) {
		b.dead = append(b.dead, letter(100+i, "x"))
	}
	if n, err := b.namespace().Waiting(t.Context(), "payment-events"); err != nil || n != WaitingLimit {
		t.Errorf("%d, %v", n, err)
	}
}

// small is a batch that takes a few bytes.
type small struct{ left int }

func (s *small) AddMessage(m *azservicebus.Message, _ *azservicebus.AddMessageOptions) error {
	if s.left -= len(m.Body); s.left < 0 {
		return azservicebus.ErrMessageTooLarge
	}
	return nil
}

func TestBatchesAreFilledAsFarAsTheyGo(t *testing.T) {
	bodies := [][]byte{[]byte("1"), []byte("22"), []byte("333")}
	rest, err := fill(&small{5}, bodies)
	if diff := cmp.Diff([][]byte{[]byte("333")}, rest); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if rest, err := fill(&small{6}, bodies); len(rest) != 0 || err != nil {
		t.Error(rest, err)
	}
	if _, err := fill(&small{0}, bodies); !errors.Is(err, azservicebus.ErrMessageTooLarge) {
		t.Errorf("a message that fits into no batch: %v", err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		text, hint string
	}{
		"no right":       {&azservicebus.Error{Code: azservicebus.CodeUnauthorizedAccess}, "", "Listen and Send"},
		"no queue":       {&azservicebus.Error{Code: azservicebus.CodeNotFound}, "", "PaymentEventsQueue"},
		"no connection":  {&azservicebus.Error{Code: azservicebus.CodeConnectionLost}, "", "5671"},
		"AMQP: no queue": {&amqp.Error{Condition: amqp.ErrCondNotFound, Description: "The messaging entity could not be found."}, "peeking: The messaging entity could not be found.", "PaymentEventsQueue"},
		"AMQP: no right": {&amqp.Error{Condition: amqp.ErrCondUnauthorizedAccess, Description: "Listen"}, "peeking: Listen", "Listen and Send"},
		"already known":  {errMalformed, "", "Explorer"},
		"something else": {errors.New("broken"), "peeking: broken", ""},
	} {
		e, ok := errors.AsType[*Error](explain("peeking", c.err))
		if !ok || !strings.Contains(e.Hint(), c.hint) || (c.hint == "") != (e.Hint() == "") || !strings.HasPrefix(e.Error(), "peeking: ") || c.text != "" && e.Error() != c.text {
			t.Errorf("%s: %v, hint %q", name, e, e.Hint())
		}
	}
	if err := explain("x", &azservicebus.Error{Code: azservicebus.CodeLockLost}); !errors.Is(err, ErrLockLost) {
		t.Errorf("a lost lock: %v", err)
	}
}

func TestSDKThatPanicsIsContained(t *testing.T) {
	messages, err := contained(func() ([]*azservicebus.ReceivedMessage, error) {
		var reason any = 5
		return []*azservicebus.ReceivedMessage{{MessageID: reason.(string)}}, nil
	})
	if messages != nil || !errors.Is(err, errMalformed) {
		t.Errorf("%v, %v", messages, err)
	}
}

func TestConnectionStringsAreNotRepeated(t *testing.T) {
	for _, connection := range []string{"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey", "SharedAccessKey=hunter2", "UseDevelopmentEmulator=hunter2;Endpoint=sb://x"} {
		_, err := ServiceBus(Config{Connection: secret.New(connection)})
		if e, ok := errors.AsType[*Error](err); !ok || e.Hint() == "" {
			t.Errorf("%s: %v", connection, err)
		}
		leak.New("hunter2").Assert(t, "the error", fmt.Sprint(err))
	}
	for connection, want := range map[string]string{
		"Endpoint=sb://sb-pay.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k":        "sb-pay.servicebus.windows.net",
		"Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true": "the Service Bus emulator",
	} {
		config := Config{Connection: secret.New(connection)}
		ns, err := ServiceBus(config)
		if err != nil || config.Name() != want {
			t.Errorf("%s: %v", config.Name(), err)
			continue
		}
		if err := ns.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
