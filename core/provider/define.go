package provider

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
)

// Env is what a provider gets beside its own arguments: the arguments that
// every provider has, and the live things of the program.
type Env struct {
	Name        string // of the block
	Common      Common
	Development bool   // auth.mode is "development"
	BaseURL     string // auth.base_url: an origin without trailing slash
	MountPath   string // where the provider's own routes are mounted: auth.path + "/" + Name
	Directory   string // what relative paths are relative to: the folder of the file, or "" for the working directory

	// HTTPClient calls the provider as Common.HTTP says: bounded in time,
	// following no redirect. Never nil once the provider is opened.
	HTTPClient *http.Client

	Now func() time.Time // never nil
	Log *slog.Logger     // never nil
}

// Definition describes a type of provider; see [config.Definition]. Open must
// not wait for the network: a provider that cannot be reached does not stop
// the process.
type Definition[C any] = config.Definition[C, Env, Provider]

// Type is a type of provider, made by [Define].
type Type = config.BlockType[Env, Provider]

// Define makes a type of provider. It panics if the definition has no Type or
// no Open.
func Define[C any](d Definition[C]) Type { return config.Define("provider", d) }

// Instance is one configured provider: a block of the file, or its equal in Go.
type Instance struct {
	Type     Type
	Name     string // of the block; "" means the name of the type
	Common   Common
	Settings any // a pointer to the type's arguments, as Type.NewSettings returns it
}
