package customprovider_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/examples/customprovider"
)

// A program adds the type; its file can then use the block.
func Example() {
	const file = `
auth {
  base_url = "https://api.example.com"
}

provider "gateway" {
  url      = "https://gateway.example.com"
  audience = ["crm"]
}

session "own" {}

database "sqlite" {
  path = ":memory:"
}
`
	ctx, types := context.Background(), core.WithTypes(customprovider.Type, sqlite.Type)
	settings, err := core.Parse(ctx, "auth.hcl", []byte(file), types)
	if err != nil {
		fmt.Println(err)
		return
	}
	kit, err := core.New(ctx, settings, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kit.Close()
	fmt.Println(settings.Providers[0].Name, len(kit.Endpoints()) > 0)
	// Output: gateway true
}
