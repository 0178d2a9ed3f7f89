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
	Way  string        // "environment", "docker" or "host"
	Took time.Duration // until it answered

	engine *Engine
	source string
	admin  *sql.DB
	stop   func() error
}

// connect waits until the server answers. It owns stop, and calls it if the
// server does not, or is another than the engine.
func connect(ctx context.Context, e *Engine, source string, stop func() error) (*Server, error) {
	admin, err := e.product.open(config.NewSecret(source))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	s := &Server{engine: e, source: source, admin: admin, stop: stop}
	version, err := s.version(ctx)
	if err == nil && !e.is(version) {
		err = fmt.Errorf("the server is %s", version)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// is reports whether a server that calls itself so is the engine: "PostgreSQL
// 15.20 (Debian …) …", "10.11.19-MariaDB-…".
func (e *Engine) is(version string) bool {
	return strings.HasPrefix(strings.TrimPrefix(version, "PostgreSQL "), e.Version+".")
}

// version asks the server for its version, until it answers.
func (s *Server) version(ctx context.Context) (version string, err error) {
	if err := poll(ctx, func(ctx context.Context) error {
		return s.admin.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	}); err != nil {
		return "", fmt.Errorf("the server does not answer: %w", err)
	}
	return version, nil
}

// poll does something until it succeeds, or returns why it does not.
func poll(ctx context.Context, try func(context.Context) error) error {
	const readiness, pause = time.Minute, 25 * time.Millisecond
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

// Database is a database of one test.
type Database struct {
	URL    string
	name   string
	server *Server
}

// Create makes an empty database. The caller drops it.
func (s *Server) Create(ctx context.Context) (*Database, error) {
	name := "cotterpin_" + strings.ToLower(rand.Text())
	source, err := on(s.source, name)
	if err != nil {
		return nil, err
	}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, fmt.Errorf("%s: %w", s.engine, err)
	}
	return &Database{URL: source, name: name, server: s}, nil
}

// Drop removes the database, whoever is connected to it.
func (d *Database) Drop(ctx context.Context) error {
	if _, err := d.server.admin.ExecContext(ctx, fmt.Sprintf(d.server.engine.product.drop, d.name)); err != nil {
		return fmt.Errorf("%s: %w", d.server.engine, err)
	}
	return nil
}
