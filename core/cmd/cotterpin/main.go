// Command cotterpin checks and formats configuration files, runs the Cotter
// emulator, and manages server keys. It has all types of provider and database of this repository; an
// application with further types adds package cli to its own command.
package main

import (
	"os"

	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

//go:generate go test -run TestReference -update

// types are all types of provider and database of this repository.
var types = []config.Type{cotter.Type, oidc.Type, emulator.Type, sqlite.Type, postgres.Type, mysql.Type}

func main() {
	os.Exit(cli.ExitCode(cli.New(types...).Execute()))
}
