package config

// Type is a type of provider or database that a configuration file may use: a
// provider.Type or a database.Type. No other implementation is accepted.
type Type interface {
	Kind() string     // "provider" or "database"
	Name() string     // the block's first label
	Summary() string  // one line
	NewSettings() any // pointer to a struct of arguments that has the defaults
}
