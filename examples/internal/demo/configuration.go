package demo

import (
	_ "embed"
	"fmt"
	"net"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

//go:embed auth.dev.hcl
var developmentFile []byte

// load reads a configuration file; "" is the embedded one, whose paths are
// relative to the working directory.
func load(file string) (core.Settings, error) {
	loader := config.Loader{Types: []config.Type{cotter.Type, oidc.Type, emulator.Type, sqlite.Type, postgres.Type, mysql.Type}}
	if file == "" {
		return loader.Parse("auth.dev.hcl", developmentFile)
	}
	return loader.Load(file)
}

// LocalURL is what a browser on this machine calls the listener.
func LocalURL(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		panic(fmt.Errorf("demo: %w", err)) // a TCP listener has a port
	}
	return "http://localhost:" + port
}
