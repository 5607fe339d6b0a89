package servicebus

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Options are the ways in which a namespace can differ; the zero value, or
// nil, is the awkward and fast one.
type Options struct {
	// Orderly makes Receive hand messages out in the order of their sequence
	// numbers. Otherwise it now and then shuffles them.
	Orderly bool
	// Seed makes the shuffling repeatable. Zero means a new one each time.
	Seed uint64
	// ReleaseLocks makes Open end the locks that a former process left behind,
	// as if they had run out. In Azure they are not released when the receiver
	// dies, so otherwise they run to their end; a developer who restarts the
	// only consumer does not want to wait for that.
	ReleaseLocks bool
	// Sync makes every change wait for the disk. Without it SIGKILL still loses
	// nothing, because the kernel keeps what was written, but a power cut can
	// leave the file unreadable.
	Sync bool
}

// Namespace is a set of queues in one folder. Its methods, and those of its
// queues, may be called concurrently.
type Namespace struct {
	db      *bolt.DB
	orderly bool
	closed  chan struct{}
	close   sync.Once

	mu    sync.Mutex
	rand  *rand.Rand
	wakes map[string]*wake
}

// openTimeout bounds the wait for a folder that another process has open, long
// enough for one that was just killed to be gone.
const openTimeout = 3 * time.Second

// Open opens the namespace in the folder, which is made where it is missing.
// It returns ErrInUse when another process has it open.
func Open(dir string, opts *Options) (*Namespace, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the queues: %w", err)
	}
	db, err := bolt.Open(filepath.Join(dir, "servicebus.db"), 0o600, &bolt.Options{
		Timeout:      openTimeout,
		NoSync:       !opts.Sync,
		NoGrowSync:   !opts.Sync,
		FreelistType: bolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the file of the queues: %w", err)
	}
	seed := opts.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	ns := &Namespace{
		db:      db,
		orderly: opts.Orderly,
		closed:  make(chan struct{}),
		rand:    rand.New(rand.NewPCG(seed, 0)),
		wakes:   make(map[string]*wake),
	}
	if opts.ReleaseLocks {
		if err := ns.releaseLocks(); err != nil {
			return nil, errors.Join(fmt.Errorf("releasing the locks of a former process: %w", err), db.Close())
		}
	}
	return ns, nil
}

// Close ends every waiting Receive with ErrClosed and closes the file.
func (ns *Namespace) Close() error {
	var err error
	ns.close.Do(func() {
		close(ns.closed)
		err = ns.db.Close()
	})
	return err
}

// CreateQueue makes the queue, or updates the properties of the one that is
// there; messages that are locked keep the lock they have, and those that are
// enqueued the time to live.
func (ns *Namespace) CreateQueue(name string, p QueueProperties) error {
	key, sub, err := splitName(name)
	if err != nil {
		return err
	}
	if sub == deadLetter {
		return fmt.Errorf("creating the queue %q: %w: a dead-letter queue comes with its queue", name, ErrNotAllowed)
	}
	p = p.withDefaults()
	if err := p.validate(); err != nil {
		return fmt.Errorf("servicebus: the properties of the queue %q: %w", name, err)
	}
	err = ns.db.Update(func(tx *bolt.Tx) error { return createQueue(tx, key, name, p) })
	if err != nil {
		return fmt.Errorf("creating the queue %q: %w", name, mapClosed(err))
	}
	return nil
}

// Queue returns the queue, or with "<name>/$DeadLetterQueue" its dead-letter
// queue. It returns ErrQueueNotFound when there is none.
func (ns *Namespace) Queue(name string) (*Queue, error) {
	key, sub, err := splitName(name)
	if err != nil {
		return nil, err
	}
	err = ns.db.View(func(tx *bolt.Tx) error {
		_, err := openQueue(tx, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the queue %q: %w", name, mapClosed(err))
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	w := ns.wakes[key]
	if w == nil {
		w = newWake()
		ns.wakes[key] = w
	}
	return &Queue{ns: ns, name: name, key: key, sub: sub, wake: w}, nil
}

// Queues returns the names of the queues in alphabetical order, without their
// dead-letter queues, and none once the namespace is closed.
func (ns *Namespace) Queues() []string {
	var names []string
	_ = ns.db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			var f queueFile
			if err := json.Unmarshal(b.Get(keyProperties), &f); err != nil {
				return err
			}
			names = append(names, f.Name)
			return nil
		})
	})
	return names
}

// shuffle sometimes reorders the n messages that Receive chooses from.
func (ns *Namespace) shuffle(n int, swap func(i, j int)) {
	if ns.orderly {
		return
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.rand.IntN(3) == 0 {
		ns.rand.Shuffle(n, swap)
	}
}

func mapClosed(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
