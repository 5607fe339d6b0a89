package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"go.etcd.io/bbolt"
)

// Server is the stand-in: an http.Handler for Stripe's API under /v1, the pages that a customer sees, and the control
// surface under /_standin.
type Server struct {
	cfg     Config
	db      *bbolt.DB
	mux     *http.ServeMux
	account string
	keys    []string
	live    bool
	counts  counts

	inFlight inFlight
	faults   faultRules
	limiter  limiter

	stop    context.CancelFunc
	stopped context.Context
	running sync.WaitGroup
	wake    chan struct{}
	courier courier
}

// Open reads or creates the state in cfg.Dir and resumes the deliveries that were pending when it was last closed or
// killed. Close must be called.
func Open(cfg Config) (*Server, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating %s: %w", cfg.Dir, err)
	}
	db, err := openStore(filepath.Join(cfg.Dir, "stripe.db"), cfg.Sync)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, db: db, wake: make(chan struct{}, 1)}
	if err := s.identify(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.counts.start()
	if s.mux, err = s.routes(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.stopped, s.stop = context.WithCancel(context.Background())
	s.running.Go(s.deliver)
	return s, nil
}

// Close ends the deliveries under way, which the next opening takes up again, and closes the file.
func (s *Server) Close() error {
	s.stop()
	s.running.Wait()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing the state: %w", err)
	}
	return nil
}

// SecretKey is the key that requests must bear.
func (s *Server) SecretKey() string { return s.keys[0] }

// Account is the id of the account that the secret key belongs to.
func (s *Server) Account() string { return s.account }

// identify settles the account's id and the secret key, made once and kept.
func (s *Server) identify() error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(bucketMeta))
		remember := func(name, value string) (string, error) {
			if kept := meta.Get([]byte(name)); kept != nil {
				return string(kept), nil
			}
			if err := meta.Put([]byte(name), []byte(value)); err != nil {
				return "", fmt.Errorf("storing the %s: %w", name, err)
			}
			return value, nil
		}
		account, err := remember("account", "acct_1"+randomText(15))
		if err != nil {
			return err
		}
		key := s.cfg.SecretKey
		if key == "" {
			if key, err = remember("secret key", "sk_test_51"+randomText(97)); err != nil {
				return err
			}
		}
		s.account, s.keys = account, append([]string{key}, s.cfg.RestrictedKeys...)
		s.live = strings.Contains(key, "_live_")
		for _, key := range s.keys {
			if err := checkKey(key); err != nil {
				return err
			}
			if strings.Contains(key, "_live_") != s.live {
				return errors.New("stripe stand-in: the keys are not all of one mode")
			}
		}
		return nil
	})
}

// ServeHTTP serves the API, the customer's pages and the control surface.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
