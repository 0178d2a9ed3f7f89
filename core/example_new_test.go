package core_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// The configuration of ExampleOpen, written in Go. Fields that are left out have
// the defaults of the file.
func ExampleNew() {
	kit, err := core.New(context.Background(), core.Settings{
		Auth: core.Auth{BaseURL: "https://api.example.com"},
		Providers: []provider.Instance{
			cotter.Provider("", cotter.Settings{APIKeyID: "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"}, provider.Trust("email")),
		},
		Own:      &core.OwnSession{},
		Database: sqlite.Database(sqlite.Settings{Path: sqlite.Memory}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("opened:", kit.Close() == nil)
	// Output: opened: true
}

// All problems are reported at once, with the block of each.
func ExampleSettings_Validate() {
	s := core.Settings{
		Auth:      core.Auth{BaseURL: "https://api.example.com/"},
		Providers: []provider.Instance{cotter.Provider("", cotter.Settings{})},
		Own:       &core.OwnSession{TTL: config.Off},
		Database:  sqlite.Database(sqlite.Settings{}),
	}
	fmt.Println(s.Validate())
	// Output:
	// Error: Invalid value for "api_key_id"
	//
	//   in provider "cotter"
	//
	// Must be the project's API key: printable characters without spaces.
	//
	// Error: Invalid value for "base_url"
	//
	//   in auth
	//
	// Must be an origin without anything else: write "https://api.example.com".
	//
	// Error: Invalid value for "ttl"
	//
	//   in session "own"
	//
	// Must be between "1s" and "400d", the longest time that browsers store a
	// cookie.
}
