package engine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
)

// Server is a running database server.
type Server struct {
	Source string        // "environment", "docker" or "host"
	Took   time.Duration // until it responded

	engine *Engine
	url    string
	admin  *sql.DB
	stop   func() error
}

// connect waits until the server responds. It calls stop if that fails, or if
// the server is not the engine.
func connect(ctx context.Context, e *Engine, url string, stop func() error) (*Server, error) {
	admin, err := e.product.open(config.NewSecret(url))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	s := &Server{engine: e, url: url, admin: admin, stop: stop}
	version, err := s.version(ctx)
	if err == nil && !e.is(version) {
		err = fmt.Errorf("the server is %s", version)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// is reports whether the version of a server matches the engine: "PostgreSQL
// 15.20 (Debian …) …", "10.11.19-MariaDB-…".
func (e *Engine) is(version string) bool {
	return strings.HasPrefix(strings.TrimPrefix(version, "PostgreSQL "), e.Version+".")
}

// version waits until the server returns its version.
func (s *Server) version(ctx context.Context) (version string, err error) {
	if err := poll(ctx, func(ctx context.Context) error {
		return s.admin.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	}); err != nil {
		return "", fmt.Errorf("the server does not respond: %w", err)
	}
	return version, nil
}

// poll calls try until it succeeds, and otherwise returns its last error.
func poll(ctx context.Context, try func(context.Context) error) error {
	const readiness, pause = 3 * time.Minute, 25 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, readiness)
	defer cancel()
	ticks := time.NewTicker(pause)
	defer ticks.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return err
		}
	}
}

func (s *Server) close() error { return errors.Join(s.admin.Close(), s.stop()) }

// Database is the database of one test.
type Database struct {
	URL    string
	name   string
	server *Server
}

// Create creates an empty database, which the caller drops.
func (s *Server) Create(ctx context.Context) (*Database, error) {
	name := "cotterpin_" + strings.ToLower(rand.Text())
	url, err := on(s.url, name)
	if err != nil {
		return nil, err
	}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, fmt.Errorf("%s: %w", s.engine, err)
	}
	return &Database{URL: url, name: name, server: s}, nil
}

// Drop drops the database, even if clients are connected.
func (d *Database) Drop(ctx context.Context) error {
	if _, err := d.server.admin.ExecContext(ctx, fmt.Sprintf(d.server.engine.product.drop, d.name)); err != nil {
		return fmt.Errorf("%s: %w", d.server.engine, err)
	}
	return nil
}
