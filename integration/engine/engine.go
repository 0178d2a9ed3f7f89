// Package engine starts the database servers that the tests run against, each
// once, where it is first asked for, and gives every test a database of its
// own.
//
// Where a server comes from, in this order:
//
//  1. the environment: [Engine.Variable] holds the URL of one that runs
//     already, whose user may create databases; no other way is tried then;
//  2. a container: the official image if it is there or can be pulled, else
//     one that images/build makes of Debian's packages;
//  3. the host: its own server program, in a temporary folder, on a free port
//     of the loopback interface.
//
// Where REQUIRE_ENGINES is "docker", only the container counts.
//
// The working directory is the folder integration, as in its tests. When the
// process dies, servers on the host die with it and containers expire.
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
	Version string // "15"; what the server says begins so
	Image   string // the official one
	Driver  string // the scheme of its URLs, and the label of the configuration's block

	Variable string // of the environment

	product product
	once    sync.Once
	server  *Server
	err     error
}

// All are the engines that the suites run against.
var All = []*Engine{
	{Name: "postgres", Version: "15", Image: "postgres:15", Driver: "postgres", Variable: "COTTERPIN_TEST_POSTGRES", product: postgresProduct},
	{Name: "mariadb", Version: "10.11", Image: "mariadb:10.11", Driver: "mysql", Variable: "COTTERPIN_TEST_MARIADB", product: mariadbProduct},
}

// requirement is the variable that makes a missing engine an error, and
// onlyContainers its value where no other server counts.
const (
	requirement    = "REQUIRE_ENGINES"
	onlyContainers = "docker"
)

// String returns name and version, "postgres-15".
func (e *Engine) String() string { return e.Name + "-" + e.Version }

// Required says whether tests must fail, not be skipped, where there is no
// server: REQUIRE_ENGINES says so, or the environment promises one.
func (e *Engine) Required() bool { return os.Getenv(requirement) != "" || os.Getenv(e.Variable) != "" }

// Server returns the running server, each time the same one. The first call
// starts it. An error names every way that was tried.
func (e *Engine) Server() (*Server, error) {
	e.once.Do(func() { e.server, e.err = e.start() })
	return e.server, e.err
}

// Started returns the server if it was started.
func (e *Engine) Started() (*Server, bool) {
	e.once.Do(func() { e.err = errors.New("engine: stopped") })
	return e.server, e.server != nil
}

// Stop ends the server if it was started. None can be started later.
func (e *Engine) Stop() error {
	if server, started := e.Started(); started {
		return server.close()
	}
	return nil
}

// way is where a server comes from.
type way struct {
	name  string
	start func(context.Context, *Engine) (*Server, error)
}

func (e *Engine) ways() []way {
	environment, container, host := way{"environment", named}, way{"docker", contained}, way{"host", hosted}
	switch {
	case os.Getenv(requirement) == onlyContainers:
		return []way{container}
	case os.Getenv(e.Variable) != "":
		return []way{environment}
	}
	return []way{container, host}
}

// patience is how long a server may take to start, an image to arrive.
const patience = 5 * time.Minute

func (e *Engine) start() (*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var failures []error
	for _, way := range e.ways() {
		began := time.Now()
		server, err := way.start(ctx, e)
		if err == nil {
			server.Way, server.Took = way.name, time.Since(began)
			return server, nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", way.name, err))
	}
	return nil, fmt.Errorf("engine: no %s: %w", e, errors.Join(failures...))
}

// named connects to the server that the environment names.
func named(ctx context.Context, e *Engine) (*Server, error) {
	return connect(ctx, e, os.Getenv(e.Variable), func() error { return nil })
}
