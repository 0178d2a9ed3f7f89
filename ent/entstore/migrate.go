package entstore

import (
	"cmp"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

// MigrateOrDefault returns the argument migrate. "" means the default: "check",
// in development "apply".
func MigrateOrDefault(migrate string, env database.Env) database.Migrate {
	def := database.MigrateCheck
	if env.Development {
		def = database.MigrateApply
	}
	return cmp.Or(database.Migrate(migrate), def)
}

// ValidateMigrate returns the problems of the argument migrate.
func ValidateMigrate(migrate string) []config.Problem {
	switch database.Migrate(migrate) {
	case "", database.MigrateCheck, database.MigrateApply, database.MigrateOff:
		return nil
	}
	return []config.Problem{{Argument: "migrate", Message: `must be "check", "apply" or "off"`}}
}
