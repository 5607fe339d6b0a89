package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Steps says how the posts of steps are made.
type Steps struct {
	// Held keeps the posts back from the opening on until ReleaseSteps: a post
	// to an endpoint that is not up yet would fail its system job for good.
	Held bool
	// Orderly turns repeating and delaying off and makes one post at a time, in
	// the order of the changes as far as their jobs tell.
	Orderly bool
	// Twice is the fraction of posts that are made a second time although the
	// first was taken, 0 to 1. Zero: 0.1. Negative: none.
	Twice float64
	// Late is the fraction of posts that are held back, so that younger ones
	// overtake them. Zero: 0.2. Negative: none.
	Late float64
	// LateBy is the longest time that a post is held back. Zero: 300 ms.
	LateBy time.Duration
	// Timeout bounds one post. Zero: 60 seconds, as in Dataverse.
	Timeout time.Duration
	// Concurrency bounds the posts under way at once. Zero: 8.
	Concurrency int
}

func (s Steps) withDefaults() Steps {
	defaulted := func(v *float64, otherwise float64) {
		if s.Orderly || *v < 0 {
			*v = 0
		} else if *v == 0 {
			*v = otherwise
		}
	}
	defaulted(&s.Twice, 0.1)
	defaulted(&s.Late, 0.2)
	if s.LateBy == 0 {
		s.LateBy = 300 * time.Millisecond
	}
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	if s.Orderly {
		s.Concurrency = 1
	} else if s.Concurrency == 0 {
		s.Concurrency = 8
	}
	return s
}

// draw decides what befalls a post.
func (s Steps) draw(job *stepJob) {
	job.NotBefore = time.Now()
	if rand.Float64() < s.Late {
		job.NotBefore = job.NotBefore.Add(time.Duration(rand.Int64N(int64(s.LateBy))))
	}
	job.Again = rand.Float64() < s.Twice
}

// deliverer makes the posts of steps.
type deliverer struct {
	s      *Server
	client *http.Client
	stop   context.CancelFunc
	loop   sync.WaitGroup
	posts  sync.WaitGroup
	wake   chan struct{}

	mu      sync.Mutex
	running map[string]bool
	held    bool
	lose    int
	idle    chan struct{} // closed and replaced whenever a post ended
}

func startDeliverer(s *Server) *deliverer {
	ctx, stop := context.WithCancel(context.Background())
	d := &deliverer{
		s: s, stop: stop, wake: make(chan struct{}, 1), running: map[string]bool{}, idle: make(chan struct{}), held: s.cfg.Steps.Held,
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	d.loop.Go(func() { d.run(ctx) })
	return d
}

func (d *deliverer) close() {
	d.stop()
	d.loop.Wait()
	d.posts.Wait()
	d.client.CloseIdleConnections()
}

// nudge makes the deliverer look for jobs.
func (d *deliverer) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *deliverer) run(ctx context.Context) {
	for {
		wait := d.begin(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-d.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// begin starts the posts that are due, and returns how long the next one has
// to wait.
func (d *deliverer) begin(ctx context.Context) time.Duration {
	wait := time.Hour
	due := d.due(&wait)
	for _, job := range due {
		d.posts.Go(func() {
			d.post(ctx, job)
			d.mu.Lock()
			delete(d.running, job.ID)
			close(d.idle)
			d.idle = make(chan struct{})
			d.mu.Unlock()
			d.nudge()
		})
	}
	return wait
}

func (d *deliverer) due(wait *time.Duration) []stepJob {
	jobs := d.s.pendingJobs()
	if !d.s.cfg.Steps.Orderly {
		rand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return nil
	}
	var due []stepJob
	for _, job := range jobs {
		switch rest := time.Until(job.NotBefore); {
		case d.running[job.ID] || len(d.running) >= d.s.cfg.Steps.Concurrency:
		case rest > 0:
			*wait = min(*wait, rest)
		default:
			d.running[job.ID] = true
			due = append(due, job)
		}
	}
	return due
}

// pendingJobs returns the jobs whose posts are still to be made.
func (s *Server) pendingJobs() []stepJob {
	var jobs []stepJob
	_ = s.db.View(func(b *bolt.Tx) error {
		return b.Bucket(jobsBucket).ForEach(func(_, raw []byte) error {
			var job stepJob
			if json.Unmarshal(raw, &job) == nil {
				jobs = append(jobs, job)
			}
			return nil
		})
	})
	return jobs
}

// post makes one post and notes what came of it. 502, 503 and 504 get exactly
// one more, everything else but 2xx fails the system job for good.
func (d *deliverer) post(ctx context.Context, job stepJob) {
	d.mu.Lock()
	lost := d.lose > 0
	if lost {
		d.lose--
	}
	d.mu.Unlock()
	status, friendly := 0, "The delivery was lost."
	if !lost {
		status, friendly = d.send(ctx, job)
	}
	if ctx.Err() != nil {
		return // closing: the job stays and is taken up after the next opening
	}
	again := func() error { return nil }
	kind, end := "step failed", jobFailed
	switch {
	case status >= 200 && status <= 299:
		kind, end, friendly = "step ok", jobSucceeded, ""
		if job.Again {
			job.Again = false
			job.NotBefore = time.Now().Add(time.Duration(rand.Int64N(int64(d.s.cfg.Steps.LateBy))))
			d.s.count("step twice")
			again = func() error {
				return d.s.quietly(func(x *tx) error { return x.putJob(job) })
			}
			end = -1
		}
	case status >= 502 && status <= 504 && job.Attempts == 0:
		job.Attempts++
		job.NotBefore = time.Now()
		kind, end = "step retried", -1
		again = func() error { return d.s.quietly(func(x *tx) error { return x.putJob(job) }) }
	}
	d.s.count(kind)
	err := again()
	if end >= 0 {
		err = d.s.quietly(func(x *tx) error { return x.endJob(job, end, friendly) })
	}
	if err != nil {
		d.s.cfg.logger().Error("system job not noted", slog.Any("error", err))
	}
}

// send posts a job to its endpoint. It returns the status, 0 when there was no
// answer, and what a person reads in the system job.
func (d *deliverer) send(ctx context.Context, job stepJob) (int, string) {
	var endpoint *Row
	err := d.s.view(applicationUser(), func(x *tx) (err error) {
		endpoint, err = x.get(x.schema.tables["serviceendpoint"], job.Endpoint)
		return err
	})
	if err != nil || endpoint == nil {
		return 0, "The service endpoint of the step is not there."
	}
	ctx, cancel := context.WithTimeout(ctx, d.s.cfg.Steps.Timeout)
	defer cancel()
	target, _ := endpoint.Values["url"].(string)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(job.Body))
	if err != nil {
		return 0, "The URL of the service endpoint cannot be used."
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("x-request-id", job.Request)
	req.Header.Set("x-ms-dynamics-organization", d.s.cfg.host())
	req.Header.Set("x-ms-dynamics-entity-name", job.Table)
	req.Header.Set("x-ms-dynamics-request-name", job.Message)
	req.Header.Set("x-ms-correlation-request-id", job.Correlation)
	if job.Exceeded {
		req.Header.Set("x-ms-dynamics-msg-size-exceeded", "true")
	}
	if err := authenticate(req, endpoint); err != nil {
		return 0, err.Error()
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return 0, "The endpoint could not be reached."
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return resp.StatusCode, fmt.Sprintf("The endpoint answered %s: %s", resp.Status, text)
}

// authenticate adds what the endpoint's authtype says: 4 a code in the query,
// 5 headers, 6 query parameters, the last two from a list in XML.
func authenticate(req *http.Request, endpoint *Row) error {
	value, _ := endpoint.Values["authvalue"].(string)
	kind, _ := endpoint.Values["authtype"].(json.Number)
	query := req.URL.Query()
	switch kind.String() {
	case "4":
		query.Set("code", value)
	case "5", "6":
		var settings struct {
			Setting []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"setting"`
		}
		if err := xml.Unmarshal([]byte(value), &settings); err != nil {
			return errors.New("the authentication value of the service endpoint cannot be read")
		}
		for _, s := range settings.Setting {
			if kind == "5" {
				req.Header.Set(s.Name, s.Value)
			} else {
				query.Set(s.Name, s.Value)
			}
		}
	}
	req.URL.RawQuery = query.Encode()
	return nil
}
