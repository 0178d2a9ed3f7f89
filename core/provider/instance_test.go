package provider_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider"
)

type settings struct{ URL, Path string }

var exampleType = provider.Define(provider.Definition[settings]{
	Type:    "example",
	Default: settings{URL: "default", Path: "default"},
	Open: func(context.Context, settings, provider.Env) (provider.Driver, error) {
		return nil, errors.New("not opened in these tests")
	},
})

func TestNewInstance_Options(t *testing.T) {
	t.Parallel()
	given := &settings{URL: "given"}
	got := provider.NewInstance(exampleType, "name", given, provider.Trust("email", "phone"), func(c *provider.Common) { c.DisplayName = "Name" })
	if got.Type.Name() != "example" || got.Name != "name" || got.Settings != given || got.Common.DisplayName != "Name" ||
		!got.Common.Trusts("email") || !got.Common.Trusts("phone") || got.Common.Trusts("other") {
		t.Errorf("got %+v", got)
	}
}

// The case is A03.
func TestInstance_WithDefaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given        provider.Instance
		wantName     string
		wantSettings any
	}{
		"in part":         {provider.Instance{Type: exampleType, Settings: &settings{URL: "given"}}, "example", &settings{"given", "default"}},
		"complete":        {provider.Instance{Type: exampleType, Name: "n", Settings: &settings{"a", "b"}}, "n", &settings{"a", "b"}},
		"no settings":     {provider.Instance{Type: exampleType}, "example", nil},
		"nil settings":    {provider.Instance{Type: exampleType, Settings: (*settings)(nil)}, "example", (*settings)(nil)},
		"other settings":  {provider.Instance{Type: exampleType, Settings: "text"}, "example", "text"},
		"no type at all":  {provider.Instance{Settings: "text"}, "", "text"},
		"not even a name": {provider.Instance{}, "", nil},
	} {
		got := c.given.WithDefaults()
		if got.Name != c.wantName || !reflect.DeepEqual(got.Settings, c.wantSettings) || got.Common.LoginMaxAge == 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
