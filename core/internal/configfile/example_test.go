package configfile_test

import (
	"fmt"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

func ExampleLoader_Parse() {
	file := `auth {
  base_url = "https://api.example.com/"
}

provider "coter" {
}

session "own" {
  tll = "30d"
}

database "sqlite" {
}
`
	_, err := configfile.Loader{Types: []config.Type{cotterType, sqliteType}}.Parse("auth.hcl", []byte(file))
	fmt.Println(err)
	// Output:
	// Error: Invalid value for "base_url"
	//
	//   on auth.hcl line 2, column 3, in auth:
	//    2:   base_url = "https://api.example.com/"
	//
	// Must be an origin without anything else: write "https://api.example.com".
	//
	// Error: Unknown provider type
	//
	//   on auth.hcl line 5, column 10, in provider "coter":
	//    5: provider "coter" {
	//
	// There is no provider "coter". Did you mean "cotter"?
	//
	// Error: Unsupported argument
	//
	//   on auth.hcl line 9, column 3, in session "own":
	//    9:   tll = "30d"
	//
	// An argument named "tll" is not expected here. Did you mean "ttl"?
}
