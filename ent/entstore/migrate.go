package entstore

import (
	"cmp"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

// Way returns what is done about the tables by the argument migrate, which is ""
// where it is not given: then "check", in development "apply".
func Way(migrate string, env database.Env) database.Migrate {
	otherwise := database.MigrateCheck
	if env.Development {
		otherwise = database.MigrateApply
	}
	return cmp.Or(database.Migrate(migrate), otherwise)
}

// ValidateMigrate returns the problems in the argument migrate.
func ValidateMigrate(migrate string) []config.Problem {
	switch database.Migrate(migrate) {
	case "", database.MigrateCheck, database.MigrateApply, database.MigrateOff:
		return nil
	}
	return []config.Problem{{Argument: "migrate", Message: `must be "check", "apply" or "off"`}}
}
