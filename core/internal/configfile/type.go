package configfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
)

// types are the types of provider and database that a program has, by name.
type types struct {
	providers map[string]provider.Type
	databases map[string]database.Type
}

// typesOf returns the types by name. Its error is a [config.Diagnostics].
func typesOf(list []config.Type) (types, error) {
	known := types{providers: map[string]provider.Type{}, databases: map[string]database.Type{}}
	var found config.Diagnostics
	for _, t := range list {
		var problem string
		switch t := t.(type) {
		case provider.Type:
			problem = addType(known.providers, t)
		case database.Type:
			problem = addType(known.databases, t)
		default:
			problem = fmt.Sprintf("%T is neither a provider.Type nor a database.Type. "+
				"Pass what provider.Define or database.Define returned; a struct that embeds it is not accepted.", t)
		}
		if problem != "" {
			found = append(found, config.Diagnostic{
				Severity: config.SeverityError,
				Summary:  "Invalid type in the program",
				Detail:   problem,
			})
		}
	}
	if len(found) > 0 {
		return types{}, found
	}
	return known, nil
}

// addType returns why it does not add the type; "" if it does.
func addType[T config.Type](known map[string]T, t T) string {
	if t.Name() == "" {
		return fmt.Sprintf("%T has no name. Pass what provider.Define or database.Define returned.", t)
	}
	if _, ok := known[t.Name()]; ok {
		return fmt.Sprintf("There are two types of %s with the name %q. Pass one of them.", t.Kind(), t.Name())
	}
	known[t.Name()] = t
	return ""
}

// byName returns the types in the order of their names.
func byName[T any](known map[string]T) []T {
	list := make([]T, 0, len(known))
	for _, name := range slices.Sorted(maps.Keys(known)) {
		list = append(list, known[name])
	}
	return list
}

// packages are the packages of the types that are part of cotterpin, so that a
// program that lacks one is shown what to add.
var packages = map[string]map[string]string{
	BlockProvider: {
		"cotter":   "core/provider/cotter",
		"emulator": "core/provider/emulator",
		"oidc":     "core/provider/oidc",
	},
	BlockDatabase: {
		"mysql":    "ent/mysql",
		"postgres": "ent/postgres",
		"sqlite":   "ent/sqlite",
	},
}

// unknownType returns what to do about a type of block that the program does not
// have.
func unknownType(block, name string, known []string) string {
	if directory, ok := packages[block][name]; ok {
		return fmt.Sprintf("This program lacks %s %q: import github.com/cotterpin/cotterpin/%s and add %s.Type to core.WithTypes.", block, name, directory, name)
	}
	return unknownLabel(block, name, known, slices.Sorted(maps.Keys(packages[block])))
}
