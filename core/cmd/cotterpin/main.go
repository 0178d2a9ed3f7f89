// Command cotterpin checks and formats configuration files, and runs the Cotter
// emulator. It has all types of provider and database of this repository; an
// application with further types adds package cli to its own command.
package main

import (
	"os"

	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func main() {
	root := cli.New(cotter.Type, emulator.Type, oidc.Type, mysql.Type, postgres.Type, sqlite.Type)
	os.Exit(cli.ExitCode(root.Execute()))
}
