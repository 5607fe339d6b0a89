package queues

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/admin"
)

// manager is what is used of the SDK's admin.Client.
type manager interface {
	GetQueue(ctx context.Context, queue string, options *admin.GetQueueOptions) (*admin.GetQueueResponse, error)
}

var _ manager = (*admin.Client)(nil)

// management returns the client that reads the settings of queues, nil for the
// emulator, whose queues have limits of their own.
func management(c Config) (manager, error) {
	options := &admin.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: c.Transport}}
	switch {
	case c.Connection.IsZero():
		return admin.NewClient(c.Host, c.Credential, options)
	case c.emulator():
		return nil, nil
	default:
		return admin.NewClientFromConnectionString(c.Connection.Reveal(), options)
	}
}

// Settings asks the management endpoint of the namespace, which takes the right
// to manage it.
func (n *namespace) Settings(ctx context.Context, queue string) (*Settings, error) {
	doing := "reading the settings of " + queue
	if n.manager == nil {
		return nil, &Error{Err: fmt.Errorf("%s: %w", doing, ErrHidden), hint: "the Service Bus emulator has limits of its own: examine the queues of a deployment"}
	}
	found, err := n.manager.GetQueue(ctx, queue, nil)
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return nil, &Error{Err: fmt.Errorf("%s: %w", doing, ErrHidden), hint: mayNotManage}
		default: // The SDK's text has the address and the whole answer.
			err = &described{err, fmt.Sprintf("Service Bus answered %d", answer.StatusCode)}
		}
	}
	if err != nil {
		return nil, explain(doing, err)
	}
	if found == nil {
		return nil, nil
	}
	read, err := settingsOf(found.QueueProperties)
	if err != nil {
		return nil, explain(doing, err)
	}
	return &read, nil
}

const mayNotManage = "sign in with az login as somebody with the role Azure Service Bus Data Owner on the namespace, which azd up gives to whoever deploys; a connection string needs the claim Manage"

func settingsOf(p admin.QueueProperties) (s Settings, err error) {
	if s.LockDuration, err = timespan(value(p.LockDuration)); err != nil {
		return s, err
	}
	if s.DefaultMessageTTL, err = timespan(value(p.DefaultMessageTimeToLive)); err != nil {
		return s, err
	}
	s.MaxDeliveryCount = int(value(p.MaxDeliveryCount))
	s.DeadLetteringOnExpiration = value(p.DeadLetteringOnMessageExpiration)
	s.DuplicateDetection, s.Sessions = value(p.RequiresDuplicateDetection), value(p.RequiresSession)
	s.BatchedOperations = value(p.EnableBatchedOperations)
	s.Status = string(value(p.Status))
	s.ForwardTo, s.ForwardDeadLettersTo = value(p.ForwardTo), value(p.ForwardDeadLetteredMessagesTo)
	return s, nil
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

var timespanForm = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// forever is in days what counts as for ever. Service Bus has no word for it and
// tells the longest time that .NET knows, P10675199DT2H48M5.4775807S.
const forever = 36500

// timespan reads a duration of ISO 8601 as Service Bus writes it, in days and
// less. Zero is what is not told, or for ever.
func timespan(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	parts := timespanForm.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	if days, err := strconv.Atoi("0" + parts[1]); err != nil || days > forever {
		return 0, nil
	}
	var total time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		// A part that is not there is zero.
		n, err := strconv.ParseFloat("0"+parts[i+1], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration", text)
		}
		total += time.Duration(n * float64(unit))
	}
	return total, nil
}
