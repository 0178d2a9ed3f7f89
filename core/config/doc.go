// Package config declares the configuration file: a struct for each block of
// the kit, the types of block that providers and databases add, the values that
// arguments have, and the diagnostics of a file.
//
// The file's arguments with their types and defaults are listed in
// REFERENCE.md, which is generated from the structs. A field is an argument: its
// `hcl` tag is the argument's name, its `doc` tag the line in the reference.
//
// # Defaults
//
// A literal in Go is as strict as the file. The zero value of a field is the
// default of its argument, and WithDefaults sets it; core.New calls that. An
// explicit "0s" is [Off]. Arguments whose 0 or false differs from the default
// are pointers: nil is the default, new(0) and new(false) are explicit.
//
// # Security
//
// A [Secret] appears in no diagnostic, log, error or marshaled form.
package config
