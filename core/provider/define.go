package provider

import "github.com/cotterpin/cotterpin/core/config"

// Definition describes a provider type; see [config.Definition]. Open must not
// wait for the network: a provider that cannot be reached does not stop the
// process.
type Definition[S any] = config.Definition[S, Env, Driver]

// Type is a provider type, made by [Define].
type Type = config.BlockType[Env, Driver]

// Define makes a provider type. It panics if the definition has no Type or no
// Open.
func Define[S any](d Definition[S]) Type { return config.Define("provider", d) }
