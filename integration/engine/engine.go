// Package engine starts the database servers of the tests, each when a test first
// needs it, and creates a database per test.
//
// It tries these sources in order:
//
//  1. the environment: [Engine.Variable] contains the URL of a running server,
//     whose user may create databases; no other source is tried then;
//  2. a container: the official image if it exists or can be pulled, else the
//     one that images/build makes of Debian's packages;
//  3. the host: its own server program, in a temporary directory, on a free port
//     of the loopback interface.
//
// If REQUIRE_ENGINES is "docker", only a container is used.
//
// The working directory must be integration. When the process is killed, servers
// on the host are killed too, and containers expire.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Engine is a database server in one version.
type Engine struct {
	Name    string // "postgres"
	Version string // "15", a prefix of the version of the server
	Image   string // official image
	Driver  string // scheme of its URLs, and label of the database block

	Variable string // environment variable

	product product
	once    sync.Once
	server  *Server
	err     error
}

// All contains the servers of the tests.
var All = []*Engine{
	{Name: "postgres", Version: "15", Image: "postgres:15", Driver: "postgres", Variable: "COTTERPIN_TEST_POSTGRES", product: postgresProduct},
	{Name: "mariadb", Version: "10.11", Image: "mariadb:10.11", Driver: "mysql", Variable: "COTTERPIN_TEST_MARIADB", product: mariadbProduct},
}

// requirement is the variable that makes a missing server an error; with the
// value onlyContainers the server must be in a container.
const (
	requirement    = "REQUIRE_ENGINES"
	onlyContainers = "docker"
)

// String returns name and version, "postgres-15".
func (e *Engine) String() string { return e.Name + "-" + e.Version }

// Required reports whether tests must fail without a server instead of being
// skipped: REQUIRE_ENGINES or the URL of a server is set.
func (e *Engine) Required() bool { return os.Getenv(requirement) != "" || os.Getenv(e.Variable) != "" }

// Server returns the running server, which the first call starts. An error
// names all sources that were tried.
func (e *Engine) Server() (*Server, error) {
	e.once.Do(func() { e.server, e.err = e.start() })
	return e.server, e.err
}

// Started returns the server if it was started.
func (e *Engine) Started() (*Server, bool) {
	e.once.Do(func() { e.err = errors.New("engine: stopped") })
	return e.server, e.server != nil
}

// Stop stops the server if it was started. It cannot be started again.
func (e *Engine) Stop() error {
	if server, started := e.Started(); started {
		return server.close()
	}
	return nil
}

// source is an origin of servers.
type source struct {
	name  string
	start func(context.Context, *Engine) (*Server, error)
}

func (e *Engine) sources() []source {
	environment, container, host := source{"environment", named}, source{"docker", contained}, source{"host", hosted}
	switch {
	case os.Getenv(requirement) == onlyContainers:
		return []source{container}
	case os.Getenv(e.Variable) != "":
		return []source{environment}
	}
	return []source{container, host}
}

// patience is the longest wait for a server or an image.
const patience = 5 * time.Minute

func (e *Engine) start() (*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var failures []error
	for _, source := range e.sources() {
		began := time.Now()
		server, err := source.start(ctx, e)
		if err == nil {
			server.Source, server.Took = source.name, time.Since(began)
			return server, nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", source.name, err))
	}
	return nil, fmt.Errorf("engine: no %s: %w", e, errors.Join(failures...))
}

// named connects to the server of the environment.
func named(ctx context.Context, e *Engine) (*Server, error) {
	return connect(ctx, e, os.Getenv(e.Variable), func() error { return nil })
}
