package demo

import (
	"context"
	_ "embed"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

//go:embed auth.dev.hcl
var developmentFile []byte

// load reads a configuration file. "" is the embedded one, whose paths are
// relative to the working directory.
func load(ctx context.Context, file string) (core.Settings, error) {
	types := core.WithTypes(cotter.Type, oidc.Type, emulator.Type, sqlite.Type, postgres.Type, mysql.Type)
	if file == "" {
		return core.Parse(ctx, "auth.dev.hcl", developmentFile, types)
	}
	return core.Load(ctx, file, types)
}
