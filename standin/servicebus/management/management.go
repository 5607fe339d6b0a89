package management

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"paybridge/standin/servicebus"
)

// Config says what the endpoint is like.
type Config struct {
	// Strangers are tokens that may not manage the namespace, as sent after
	// "Bearer".
	Strangers []string
	// Change, when set, changes what is told of a queue: to what the stand-in's
	// own queues cannot be.
	Change func(*Queue)
}

// Queue is the description of a queue in the words of the wire: durations are
// those of ISO 8601.
type Queue struct {
	XMLName                          xml.Name `xml:"http://schemas.microsoft.com/netservices/2010/10/servicebus/connect QueueDescription"`
	LockDuration                     string
	MaxSizeInMegabytes               int
	RequiresDuplicateDetection       bool
	RequiresSession                  bool
	DefaultMessageTimeToLive         string
	DeadLetteringOnMessageExpiration bool
	MaxDeliveryCount                 int
	EnableBatchedOperations          bool
	Status                           string
	ForwardTo                        string `xml:",omitempty"`
	ForwardDeadLetteredMessagesTo    string `xml:",omitempty"`
}

// entry is how one queue is told.
type entry struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom entry"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Content struct {
		Type  string `xml:"type,attr"`
		Queue Queue
	} `xml:"content"`
}

// feed is how it is told that there is none.
type feed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
}

type failure struct {
	XMLName xml.Name `xml:"Error"`
	Code    int
	Detail  string
}

// Handler serves the endpoint of a namespace.
func Handler(ns *servicebus.Namespace, c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{queue...}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("queue")
		properties, err := properties(r.Context(), ns, name)
		switch {
		case !c.mayManage(r):
			write(w, http.StatusUnauthorized, failure{Code: http.StatusUnauthorized, Detail: "Manage,EntityRead claims required for this operation."})
		case errors.Is(err, servicebus.ErrQueueNotFound):
			write(w, http.StatusOK, feed{ID: "https://" + r.Host + r.URL.Path, Title: "Publicly Listed Services"})
		case err != nil:
			write(w, http.StatusInternalServerError, failure{Code: http.StatusInternalServerError, Detail: err.Error()})
		default:
			queue := describe(properties)
			if c.Change != nil {
				c.Change(&queue)
			}
			told := entry{ID: "https://" + r.Host + r.URL.Path, Title: name}
			told.Content.Type, told.Content.Queue = "application/xml", queue
			write(w, http.StatusOK, told)
		}
	})
	return mux
}

func properties(ctx context.Context, ns *servicebus.Namespace, name string) (servicebus.QueueProperties, error) {
	queue, err := ns.Queue(name)
	if err != nil {
		return servicebus.QueueProperties{}, err
	}
	return queue.Properties(ctx)
}

// mayManage believes a token, or a signature, that is not a stranger's.
func (c Config) mayManage(r *http.Request) bool {
	token := r.Header.Get("Authorization")
	return token != "" && !slices.Contains(c.Strangers, strings.TrimPrefix(token, "Bearer "))
}

func describe(p servicebus.QueueProperties) Queue {
	life := "P10675199DT2H48M5.4775807S"
	if p.DefaultMessageTTL > 0 {
		life = timespan(p.DefaultMessageTTL)
	}
	return Queue{
		LockDuration: timespan(p.LockDuration), MaxSizeInMegabytes: 1024, RequiresDuplicateDetection: p.DuplicateDetectionWindow > 0,
		DefaultMessageTimeToLive: life, DeadLetteringOnMessageExpiration: p.DeadLetteringOnExpiration,
		MaxDeliveryCount: p.MaxDeliveryCount, EnableBatchedOperations: true, Status: "Active",
	}
}

// timespan writes a duration as Service Bus does.
func timespan(d time.Duration) string {
	text := "P"
	if days := d / (24 * time.Hour); days > 0 {
		text += fmt.Sprintf("%dD", days)
		d -= days * 24 * time.Hour
	}
	if d == 0 && text != "P" {
		return text
	}
	text += "T"
	for _, part := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "H"}, {time.Minute, "M"}} {
		if n := d / part.unit; n > 0 {
			text += fmt.Sprintf("%d%s", n, part.name)
			d -= n * part.unit
		}
	}
	if d > 0 || text == "PT" {
		text += fmt.Sprintf("%vS", d.Seconds())
	}
	return text
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := xml.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/atom+xml;type=entry;charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header+string(text))
}
