package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

func TestCommonMistakesNameTheirArgument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*provider.Common)
		want   string // arguments, with blanks between them
	}{
		"defaults":          {func(*provider.Common) {}, ""},
		"both contacts":     {func(c *provider.Common) { c.Trust = []string{"email", "phone"} }, ""},
		"unknown contact":   {func(c *provider.Common) { c.Trust = []string{"email", "fax"} }, "trust"},
		"skew at its limit": {func(c *provider.Common) { c.ClockSkew = config.Duration(2 * time.Minute) }, ""},
		"skew over it":      {func(c *provider.Common) { c.ClockSkew = config.Duration(2*time.Minute + 1) }, "clock_skew"},
		"negative skew":     {func(c *provider.Common) { c.ClockSkew = -2 }, "clock_skew"},
		"max age off":       {func(c *provider.Common) { c.LoginMaxAge = 0 }, ""},
		"negative max age":  {func(c *provider.Common) { c.LoginMaxAge = -2 }, "login_max_age"},
		"cache off":         {func(c *provider.Common) { c.Cache = 0 }, ""},
		"largest cache":     {func(c *provider.Common) { c.Cache = 1_000_000 }, ""},
		"larger cache":      {func(c *provider.Common) { c.Cache = 1_000_001 }, "cache"},
		"negative cache":    {func(c *provider.Common) { c.Cache = -1 }, "cache"},
		"timeout":           {func(c *provider.Common) { c.HTTP = &provider.HTTP{Timeout: 1} }, ""},
		"no timeout":        {func(c *provider.Common) { c.HTTP = &provider.HTTP{} }, "http.timeout"},
		"longest timeout": {func(c *provider.Common) {
			c.HTTP = &provider.HTTP{Timeout: config.Duration(30 * time.Second)}
		}, ""},
		"longer timeout": {func(c *provider.Common) {
			c.HTTP = &provider.HTTP{Timeout: config.Duration(30*time.Second + 1)}
		}, "http.timeout"},
		"everything at once": {func(c *provider.Common) {
			*c = provider.Common{Trust: []string{"x"}, ClockSkew: -2, LoginMaxAge: -2, Cache: -1, HTTP: &provider.HTTP{}}
		}, "trust clock_skew login_max_age cache http.timeout"},
	} {
		common := provider.DefaultCommon()
		c.change(&common)
		var got []string
		for _, mistake := range common.Problems() {
			got = append(got, mistake.Argument)
			if mistake.Message == "" {
				t.Errorf("%s: %s has no problem", name, mistake.Argument)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: problems in %q, want %q", name, got, c.want)
		}
	}
}

func TestATokenMayBeAsOldAsLoginMaxAgeAtALogin(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 999_999_999, time.UTC)
	limited, unlimited := provider.DefaultCommon(), provider.DefaultCommon()
	unlimited.LoginMaxAge = 0
	for name, c := range map[string]struct {
		common provider.Common
		use    provider.Use
		age    time.Duration
		want   autherr.Code
	}{
		"exactly as old":        {limited, provider.Login, 15 * time.Minute, ""},
		"a second older":        {limited, provider.Login, 15*time.Minute + time.Second, autherr.TokenExpired},
		"issued in the future":  {limited, provider.Login, -time.Second, ""},
		"older at a request":    {limited, provider.Request, time.Hour, ""},
		"older without a limit": {unlimited, provider.Login, time.Hour, ""},
	} {
		err := c.common.CheckAge(c.use, now.Truncate(time.Second).Add(-c.age), now)
		if (err != nil || c.want != "") && autherr.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestOnlyHTTPSMayBeCalledButForDevelopmentOnThisMachine(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct{ production, development bool }{
		"https://id.example.com":             {true, true},
		"https://id.example.com:8443/api/v0": {true, true},
		"https://id.example.com/keys?p=a":    {true, true},
		"https://127.0.0.1":                  {true, true},
		"http://127.0.0.1:8080/api":          {false, true},
		"http://localhost:8080":              {false, true},
		"http://[::1]:8080":                  {false, true},
		"http://127.9.9.9":                   {false, true},
		"http://id.example.com":              {false, false},
		"http://localhost.example.com":       {false, false},
		"http://127.0.0.1.example.com":       {false, false},
		"http://0.0.0.0":                     {false, false},
		"http://10.0.0.1":                    {false, false},
		"ftp://localhost":                    {false, false},
		"https://user@id.example.com":        {false, false},
		"https://id.example.com#a":           {false, false},
		"https:id.example.com":               {false, false},
		"https://":                           {false, false},
		"//id.example.com":                   {false, false},
		"id.example.com":                     {false, false},
		"https://id.example.com/%zz":         {false, false},
		"":                                   {false, false},
	} {
		if err := provider.CheckURL(raw, false); (err == nil) != want.production {
			t.Errorf("%q in production: %v", raw, err)
		}
		if err := provider.CheckURL(raw, true); (err == nil) != want.development {
			t.Errorf("%q in development: %v", raw, err)
		}
	}
}
