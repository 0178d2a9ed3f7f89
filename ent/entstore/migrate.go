package entstore

import (
	"github.com/cotterpin/cotterpin/core/block"
	"github.com/cotterpin/cotterpin/core/database"
)

// DefaultMigrate returns what is done about the tables where the argument
// migrate is not given.
func DefaultMigrate(env database.Env) database.Migrate {
	if env.Development {
		return database.MigrateApply
	}
	return database.MigrateCheck
}

// ValidateMigrate returns the mistakes in the argument migrate.
func ValidateMigrate(migrate string) []block.Mistake {
	switch database.Migrate(migrate) {
	case "", database.MigrateCheck, database.MigrateApply, database.MigrateOff:
		return nil
	}
	return []block.Mistake{{Argument: "migrate", Problem: `must be "check", "apply" or "off"`}}
}
