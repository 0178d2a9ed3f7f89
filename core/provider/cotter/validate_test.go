package cotter_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestValidate_Arguments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(*cotter.Settings)
		development bool
		want        string // arguments, separated by spaces
	}{
		"only the key":               {change: func(*cotter.Settings) {}},
		"no key":                     {change: func(s *cotter.Settings) { s.APIKeyID = "" }, want: "api_key_id"},
		"space as key":               {change: func(s *cotter.Settings) { s.APIKeyID = " " }, want: "api_key_id"},
		"key with a line break":      {change: func(s *cotter.Settings) { s.APIKeyID += "\r\nX: y" }, want: "api_key_id"},
		"any other printable key":    {change: func(s *cotter.Settings) { s.APIKeyID = "test-key" }},
		"http":                       {change: func(s *cotter.Settings) { s.BaseURL = "http://127.0.0.1:1/api/v0" }, want: "base_url"},
		"http in development":        {change: func(s *cotter.Settings) { s.BaseURL = "http://127.0.0.1:1/api/v0" }, development: true},
		"http elsewhere":             {change: func(s *cotter.Settings) { s.BaseURL = "http://cotter.example" }, development: true, want: "base_url"},
		"base_url ends in slash":     {change: func(s *cotter.Settings) { s.BaseURL += "/" }, want: "base_url"},
		"base_url with query":        {change: func(s *cotter.Settings) { s.BaseURL += "?a=b" }, want: "base_url"},
		"base_url with user":         {change: func(s *cotter.Settings) { s.BaseURL = "https://u:p@www.cotter.app/api/v0" }, want: "base_url"},
		"no issuer":                  {change: func(s *cotter.Settings) { s.Issuer = "" }, want: "issuer"},
		"longest issuer":             {change: func(s *cotter.Settings) { s.Issuer = strings.Repeat("a", 255) }},
		"longer issuer":              {change: func(s *cotter.Settings) { s.Issuer = strings.Repeat("a", 256) }, want: "issuer"},
		"issuer with a space":        {change: func(s *cotter.Settings) { s.Issuer = "a b" }, want: "issuer"},
		"methods":                    {change: func(s *cotter.Settings) { s.AuthMethods = []string{"OTP"} }},
		"a method too long to store": {change: func(s *cotter.Settings) { s.AuthMethods = []string{strings.Repeat("a", 65)} }, want: "auth_methods"},
		"an empty method":            {change: func(s *cotter.Settings) { s.AuthMethods = []string{""} }, want: "auth_methods"},
		"everything wrong, at once":  {change: func(s *cotter.Settings) { *s = cotter.Settings{AuthMethods: []string{""}} }, want: "api_key_id base_url issuer auth_methods"},
	} {
		settings := cotter.Type.NewSettings().(*cotter.Settings)
		settings.APIKeyID = providertest.Audience
		c.change(settings)
		var got []string
		for _, problem := range cotter.Type.Validate(settings, provider.Env{Development: c.development}) {
			got = append(got, problem.Argument)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: problems in %q, want %q", name, got, c.want)
		}
	}
}
