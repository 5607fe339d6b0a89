package dataverse

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// Server is the stand-in. It is an [http.Handler] and safe for concurrent use.
type Server struct {
	cfg          Config
	db           *bolt.DB
	schema       atomic.Pointer[schema]
	caches       caches
	scanned      scanned
	organization string
	throttle     throttle
	deliverer    *deliverer

	// writing is held from the beginning of a write until the schema that it
	// leaves is the current one.
	writing sync.Mutex

	mu          sync.Mutex
	counters    map[string]int // :: kind of request → count
	privileges  map[string]int // by name → how often it let somebody in
	subscribers map[int]func(Change)
	nextID      int
}

// Change is one row change, told after its commit.
type Change struct {
	// Table is a logical name, ID the row's GUID.
	Table, ID string
	// Message is Create, Update or Delete.
	Message string
	// Columns are the logical names that the request set, in order, equal values included.
	Columns []string
	// UserID is the systemuser who made the change.
	UserID string
	// Version is the row's version after the change, and for a Delete the one it
	// had. Versions grow with time over all tables.
	Version int64
}

var organizationKey = []byte("organization")

// Open opens or makes the environment in cfg.Dir.
func Open(cfg Config) (*Server, error) {
	if cfg.Dir == "" {
		return nil, errors.New("opening a Dataverse stand-in: Dir is not set")
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the stand-in's folder: %w", err)
	}
	cfg.Steps = cfg.Steps.withDefaults()
	first, err := (*schema)(nil).with(slices.Concat(systemTables(), stepTables(), solutionTables(), roleTables())...)
	if err != nil {
		return nil, err
	}
	tables, err := first.with(cfg.Tables...)
	if err != nil {
		return nil, err
	}
	db, err := bolt.Open(filepath.Join(cfg.Dir, "dataverse.db"), 0o600, &bolt.Options{
		Timeout: 5 * time.Second, NoSync: !cfg.Sync, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the stand-in's file: %w", err)
	}
	s := &Server{
		cfg: cfg, db: db, counters: map[string]int{}, privileges: map[string]int{}, subscribers: map[int]func(Change){},
		scanned: scanned{tables: map[string]map[string]scannedRow{}},
	}
	if err := s.prepare(tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.deliverer = startDeliverer(s)
	return s, nil
}

// prepare makes the buckets and, the first time, the seeded rows. Tables that
// were defined over the Web API stand over those that it is opened with.
func (s *Server) prepare(tables *schema) error {
	err := s.db.Update(func(b *bolt.Tx) error {
		for _, name := range [][]byte{metaBucket, rowsBucket, keysBucket, jobsBucket, tablesBucket} {
			if _, err := b.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		tables, err := tables.withStored(b)
		if err != nil {
			return err
		}
		s.schema.Store(tables)
		x := s.tx(b, tables, applicationUser())
		if err := x.openValues(); err != nil {
			return err
		}
		meta := b.Bucket(metaBucket)
		if id := meta.Get(organizationKey); id != nil {
			s.organization = string(id)
			return x.seedTables()
		}
		s.organization = uuid.NewString()
		if s.cfg.Seed != "" {
			s.organization = seedID("organization", s.cfg.Seed)
		}
		for name, rows := range seed(&s.cfg, s.organization) {
			for i := range rows {
				t := tables.tables[name]
				x.stampNew(t, &rows[i])
				if err := x.put(t, nil, &rows[i]); err != nil {
					return err
				}
			}
		}
		if err := x.seedTables(); err != nil {
			return err
		}
		return meta.Put(organizationKey, []byte(s.organization))
	})
	if err != nil {
		return fmt.Errorf("preparing the stand-in's file: %w", err)
	}
	return nil
}

// Close closes the file. Requests after that fail.
func (s *Server) Close() error {
	s.deliverer.close()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing the stand-in's file: %w", err)
	}
	return nil
}

func (s *Server) tx(b *bolt.Tx, tables *schema, user string) *tx {
	return &tx{bolt: b, schema: tables, cfg: &s.cfg, user: user, now: s.cfg.now(), scanned: &s.scanned, used: s.use}
}

// view runs f on a snapshot.
func (s *Server) view(user string, f func(*tx) error) error {
	return s.db.View(func(b *bolt.Tx) error { return f(s.tx(b, s.schema.Load(), user)) })
}

// update runs f in a transaction of its own and tells the subscribers what it
// changed once that is durable. Nothing is changed when f fails.
func (s *Server) update(user string, f func(*tx) error) error {
	var changes []Change
	jobs := 0
	err := s.write(user, func(x *tx) (err error) {
		if err := f(x); err != nil {
			return err
		}
		changes = x.changes
		jobs, err = x.enqueueSteps(changes)
		return err
	})
	if err != nil {
		return err
	}
	if jobs > 0 {
		s.deliverer.nudge()
	}
	s.tell(changes)
	return nil
}

// write runs f in a transaction of its own. The tables as f leaves them become
// the current ones before another write begins.
func (s *Server) write(user string, f func(*tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var after *schema
	err := s.db.Update(func(b *bolt.Tx) error {
		x := s.tx(b, s.schema.Load(), user)
		if err := f(x); err != nil {
			return err
		}
		if x.redefined {
			after = x.schema
		}
		return nil
	})
	if err == nil && after != nil {
		s.caches.remember(s.schema.Load(), s.cfg.now())
		s.schema.Store(after)
	}
	return err
}

// Subscribe calls f for every row change after its commit, in the goroutine of
// the request that made it. It returns a function that ends the subscription.
func (s *Server) Subscribe(f func(Change)) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	id := s.nextID
	s.subscribers[id] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subscribers, id)
	}
}

func (s *Server) tell(changes []Change) {
	if len(changes) == 0 {
		return
	}
	s.mu.Lock()
	subscribers := make([]func(Change), 0, len(s.subscribers))
	for id := 1; id <= s.nextID; id++ {
		if f := s.subscribers[id]; f != nil {
			subscribers = append(subscribers, f)
		}
	}
	s.mu.Unlock()
	for _, change := range changes {
		for _, f := range subscribers {
			f(change)
		}
	}
}

func (s *Server) count(kind string) {
	s.mu.Lock()
	s.counters[kind]++
	s.mu.Unlock()
}

// Counts returns how many requests came in since [Open], by HTTP method, with "batch" for
// $batch requests, "part" and "part <method>" for their operations, "401" for
// refused tokens, "429" for throttled requests and "fault" for injected faults.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counters)
}

func (s *Server) use(privilege string) {
	s.mu.Lock()
	s.privileges[privilege]++
	s.mu.Unlock()
}

// PrivilegesUsed returns how often each privilege, by its name, has let in
// somebody who is held to security roles.
func (s *Server) PrivilegesUsed() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.privileges)
}

// Rows returns all rows of a table by its logical name, in the order of their GUIDs.
func (s *Server) Rows(table string) ([]Row, error) {
	var rows []Row
	err := s.view(applicationUser(), func(x *tx) error {
		t := x.schema.tables[table]
		if t == nil {
			return fmt.Errorf("no table %q", table)
		}
		return x.each(t, func(r *Row) error {
			rows = append(rows, *r)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading rows: %w", err)
	}
	return rows, nil
}

// UserID is the systemuser that requests act as whose bearer token names nobody.
func (s *Server) UserID() string { return applicationUser() }

// PersonID is the systemuser that the bearer token "user:<name>" acts as.
func (s *Server) PersonID(name string) string { return personID(name) }

// ServeHTTP answers one request of the Web API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serveHTTP(w, r) }
