// Package local runs PayBridge whole on one machine: the packed dist/ under
// the stand-in Functions host, durable queues in place of Service Bus, a
// stateful Stripe and a Dataverse with PayBridge's tables. It plays the
// platform too: a host that gave up on its handler is started again. Each real
// end takes the place of its stand-in as soon as the settings name it.
package local

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/crm"
	"paybridge/standin/dataverse"
	"paybridge/standin/functionshost"
	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/remote"
	"paybridge/standin/stripe"
)

// The queues, by their names in local.settings.json.example.
const (
	EventsQueue   = "payment-events"
	RequestsQueue = "payment-requests"
)

// QueueProperties are those of the queues in Azure.
func QueueProperties() servicebus.QueueProperties {
	want := queues.Wanted()
	return servicebus.QueueProperties{
		LockDuration: want.LockDuration, MaxDeliveryCount: want.MaxDeliveryCount,
		DefaultMessageTTL: want.DefaultMessageTTL, DeadLetteringOnExpiration: want.DeadLetteringOnExpiration,
	}
}

// Config says what to run and how.
type Config struct {
	// Dist is the packed script root.
	Dist string
	// Data is the folder of the durable state.
	Data string
	// FunctionsPort, DataversePort and StripePort are where to listen on
	// 127.0.0.1; zero means the port of the last run on the same Data, else any
	// free one.
	FunctionsPort, DataversePort, StripePort int
	// Settings are the Values of local.settings.json, nil when there is none.
	Settings map[string]string
	// Logger gets what the stand-ins log, HandlerOutput the lines of the
	// handler. Nil discards. An *os.File is handed to the handler itself.
	Logger        *slog.Logger
	HandlerOutput io.Writer
	// RequireKeys makes the host demand function keys, as in Azure.
	RequireKeys  bool
	FunctionKeys map[string]string
	// EmptyDataverse starts with a Dataverse in which setup has not run: neither
	// PayBridge's tables nor its user and steps are there, and its user may do no
	// more than the security role says that setup makes.
	EmptyDataverse bool
	// Stripe and Dataverse may change how the stand-ins behave. Nil leaves them
	// as awkward as they are.
	Stripe    func(*stripe.Config)
	Dataverse func(*dataverse.Config)
	// Queue may change the properties of both queues.
	Queue func(*servicebus.QueueProperties)
	// Sent, when set, hears of every message that the functions put on a queue.
	Sent func(queue string, body []byte)
	// NoRestart leaves a host down that has given up on its handler.
	NoRestart bool
}

// Local is a running PayBridge.
type Local struct {
	// Stripe and Dataverse are the stand-ins, nil where the real end is used.
	Stripe    *stripe.Server
	Dataverse *dataverse.Server
	// Queues is the namespace of the queues.
	Queues *servicebus.Namespace

	cfg      Config
	mapping  crm.Mapping
	log      *slog.Logger
	state    state
	settings map[string]string
	urls     Endpoints
	servers  []*http.Server
	closers  []func() error
	stop     context.CancelFunc
	platform sync.WaitGroup

	mu       sync.Mutex
	host     *functionshost.Host
	restarts int
}

// Endpoints says where everything is and which keys open it. Its JSON form is
// what the flag --ready writes.
type Endpoints struct {
	Functions           string `json:"functions"`
	Dataverse           string `json:"dataverse"`
	Stripe              string `json:"stripe"`
	StripeSecretKey     string `json:"stripeSecretKey"`
	StripeWebhookSecret string `json:"stripeWebhookSecret"`
	// Queues is where package remote serves the queues to other processes of
	// this machine.
	Queues string `json:"queues"`
}

// Start starts everything and returns when it answers. The context bounds the
// start; Close ends what runs.
func Start(ctx context.Context, cfg Config) (_ *Local, err error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := testModeOnly(cfg.Settings); err != nil {
		return nil, err
	}
	mapping, err := crm.ReadMapping(cfg.Settings["PaymentTable"], os.DirFS(cfg.Dist))
	if err != nil {
		return nil, err
	}
	l := &Local{cfg: cfg, mapping: mapping, log: cfg.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.state, err = readState(cfg.Data); err != nil {
		return nil, err
	}
	if err := l.openQueues(ctx); err != nil {
		return nil, err
	}
	if err := l.startDataverse(ctx); err != nil {
		return nil, err
	}
	if err := l.startStripe(ctx); err != nil {
		return nil, err
	}
	if err := l.startFunctions(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Endpoints returns where everything is.
func (l *Local) Endpoints() Endpoints { return l.urls }

// Mapping returns where the payments live in the CRM.
func (l *Local) Mapping() crm.Mapping { return l.mapping }

// Host returns the Functions host that runs at the moment.
func (l *Local) Host() *functionshost.Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.host
}

// HostRestarts returns how often the platform had to start a new host.
func (l *Local) HostRestarts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restarts
}

// Close ends everything. State stays on disk.
func (l *Local) Close() error {
	if l.stop != nil {
		l.stop()
	}
	if host := l.Host(); host != nil {
		host.Close()
	}
	l.platform.Wait()
	var errs []error
	for _, server := range l.servers {
		errs = append(errs, server.Close())
	}
	for _, v := range slices.Backward(l.closers) {
		errs = append(errs, v())
	}
	return errors.Join(errs...)
}

func (l *Local) openQueues(ctx context.Context) error {
	namespace, err := servicebus.Open(filepath.Join(l.cfg.Data, "servicebus"), &servicebus.Options{ReleaseLocks: true})
	if err != nil {
		return err
	}
	l.Queues = namespace
	l.closers = append(l.closers, namespace.Close)
	properties := QueueProperties()
	if l.cfg.Queue != nil {
		l.cfg.Queue(&properties)
	}
	for _, name := range []string{EventsQueue, RequestsQueue} {
		if err := namespace.CreateQueue(name, properties); err != nil {
			return err
		}
	}
	listener, err := l.listen(ctx, "the queues", 0, &l.state.QueuesPort)
	if err != nil {
		return err
	}
	l.state.Instance = uuid.NewString()
	l.urls.Queues = l.serve(listener, remote.Handler(namespace, l.state.Instance))
	return nil
}

// appSettings are what the handler gets: the person's own, and the stand-ins'
// where they stand in.
func appSettings(own map[string]string, urls Endpoints) map[string]string {
	settings := maps.Clone(own)
	if settings == nil {
		settings = map[string]string{}
	}
	settings["ServiceBusConnection"] = "Endpoint=sb://localhost;SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true;"
	settings["PaymentEventsQueue"] = EventsQueue
	settings["PaymentRequestsQueue"] = RequestsQueue
	settings["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
	if settings["ReconcileSchedule"] == "" {
		// The host leaves out a function whose schedule is not set.
		settings["ReconcileSchedule"] = "0 */5 * * * *"
	}
	settings["DataverseUrl"] = urls.Dataverse
	if urls.StripeSecretKey != "" {
		// The stand-in; of the real one the endpoints name no key.
		settings["StripeApiBase"] = urls.Stripe
		settings["StripeSecretKey"] = urls.StripeSecretKey
		settings["StripeWebhookSecret"] = urls.StripeWebhookSecret
		if settings["PaymentSuccessUrl"] == "" {
			settings["PaymentSuccessUrl"] = urls.Stripe + thanksPath
		}
		if settings["PaymentCancelUrl"] == "" {
			settings["PaymentCancelUrl"] = urls.Stripe + cartPath
		}
	}
	return settings
}
