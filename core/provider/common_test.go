package provider_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

func TestCommon_Problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*provider.Common)
		want   string // arguments, separated by spaces
	}{
		"defaults":          {func(*provider.Common) {}, ""},
		"both contacts":     {func(c *provider.Common) { c.Trust = []string{"email", "phone"} }, ""},
		"unknown contact":   {func(c *provider.Common) { c.Trust = []string{"email", "fax"} }, "trust"},
		"draining":          {func(c *provider.Common) { c.State = config.StateDraining }, ""},
		"disabled":          {func(c *provider.Common) { c.State = config.StateDisabled }, ""},
		"unknown state":     {func(c *provider.Common) { c.State = "off" }, "state"},
		"skew at its limit": {func(c *provider.Common) { c.ClockSkew = config.Duration(2 * time.Minute) }, ""},
		"skew over it":      {func(c *provider.Common) { c.ClockSkew = config.Duration(2*time.Minute + 1) }, "clock_skew"},
		"negative skew":     {func(c *provider.Common) { c.ClockSkew = -2 }, "clock_skew"},
		"max age off":       {func(c *provider.Common) { c.LoginMaxAge = config.Off }, ""},
		"negative max age":  {func(c *provider.Common) { c.LoginMaxAge = -2 }, "login_max_age"},
		"cache off":         {func(c *provider.Common) { c.Cache = new(0) }, ""},
		"largest cache":     {func(c *provider.Common) { c.Cache = new(1_000_000) }, ""},
		"larger cache":      {func(c *provider.Common) { c.Cache = new(1_000_001) }, "cache"},
		"negative cache":    {func(c *provider.Common) { c.Cache = new(-1) }, "cache"},
		"timeout":           {func(c *provider.Common) { c.HTTP = &provider.HTTP{Timeout: 1} }, ""},
		"default timeout":   {func(c *provider.Common) { c.HTTP = &provider.HTTP{CAFile: "ca.pem"} }, ""},
		"no timeout":        {func(c *provider.Common) { c.HTTP = &provider.HTTP{Timeout: config.Off} }, "http.timeout"},
		"no skew":           {func(c *provider.Common) { c.ClockSkew = config.Off }, ""},
		"longest timeout": {func(c *provider.Common) {
			c.HTTP = &provider.HTTP{Timeout: config.Duration(30 * time.Second)}
		}, ""},
		"longer timeout": {func(c *provider.Common) {
			c.HTTP = &provider.HTTP{Timeout: config.Duration(30*time.Second + 1)}
		}, "http.timeout"},
		"key ages":                 {func(c *provider.Common) { c.Keys = ages(time.Second, 7*24*time.Hour) }, ""},
		"equal key ages":           {func(c *provider.Common) { c.Keys = ages(time.Hour, time.Hour) }, ""},
		"longer max_age":           {func(c *provider.Common) { c.Keys = ages(24*time.Hour, 0) }, ""},
		"max_age over the default": {func(c *provider.Common) { c.Keys = ages(24*time.Hour+1, 0) }, "keys.max_stale"},
		"max_age too short":        {func(c *provider.Common) { c.Keys = ages(time.Second-1, 0) }, "keys.max_age"},
		"max_age off":              {func(c *provider.Common) { c.Keys = &provider.KeyAges{MaxAge: config.Off} }, "keys.max_age"},
		"max_stale below":          {func(c *provider.Common) { c.Keys = ages(0, time.Hour-1) }, "keys.max_stale"},
		"max_stale off":            {func(c *provider.Common) { c.Keys = &provider.KeyAges{MaxStale: config.Off} }, "keys.max_stale"},
		"max_stale too long":       {func(c *provider.Common) { c.Keys = ages(0, 7*24*time.Hour+1) }, "keys.max_stale"},
		"everything at once": {func(c *provider.Common) {
			*c = provider.Common{State: "x", Trust: []string{"x"}, ClockSkew: -2, LoginMaxAge: -2, Cache: new(-1), Keys: ages(-2, -2)}
			c.HTTP = &provider.HTTP{Timeout: config.Off}
		}, "state trust clock_skew login_max_age cache keys.max_age http.timeout"},
	} {
		var common provider.Common
		c.change(&common)
		var got []string
		for _, problem := range common.Problems() {
			got = append(got, problem.Argument)
			if problem.Message == "" {
				t.Errorf("%s: %s has no problem", name, problem.Argument)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: problems in %q, want %q", name, got, c.want)
		}
	}
}

func ages(maxAge, maxStale time.Duration) *provider.KeyAges {
	return &provider.KeyAges{MaxAge: config.Duration(maxAge), MaxStale: config.Duration(maxStale)}
}

// The case is A03.
func TestCommon_Defaults(t *testing.T) {
	t.Parallel()
	explicit := provider.Common{
		DisplayName: "Name",
		State:       config.StateDraining,
		Trust:       []string{"email"},
		ClockSkew:   config.Off,
		LoginMaxAge: config.Off,
		Cache:       new(0),
		Keys:        ages(time.Minute, 2*time.Hour),
		HTTP:        &provider.HTTP{Timeout: config.Duration(time.Second), CAFile: "ca.pem"},
	}
	for name, c := range map[string]struct{ given, want provider.Common }{
		"zero": {provider.Common{}, provider.Common{
			State:       config.StateActive,
			ClockSkew:   config.Duration(30 * time.Second),
			LoginMaxAge: config.Duration(15 * time.Minute),
			Cache:       new(10_000),
			Keys:        ages(time.Hour, 24*time.Hour),
			HTTP:        &provider.HTTP{Timeout: config.Duration(5 * time.Second)},
		}},
		"explicit": {explicit, explicit},
		"HTTP in part": {
			provider.Common{
				ClockSkew: config.Off, LoginMaxAge: config.Off, Cache: new(0), Keys: ages(0, 48*time.Hour),
				HTTP: &provider.HTTP{CAFile: "ca.pem"},
			},
			provider.Common{
				State: config.StateActive, ClockSkew: config.Off, LoginMaxAge: config.Off, Cache: new(0), Keys: ages(time.Hour, 48*time.Hour),
				HTTP: &provider.HTTP{Timeout: config.Duration(5 * time.Second), CAFile: "ca.pem"},
			},
		},
	} {
		if got := c.given.WithDefaults(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestEnv_CheckURL(t *testing.T) {
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
		if err := (provider.Env{}).CheckURL(raw); (err == nil) != want.production {
			t.Errorf("%q in production: %v", raw, err)
		}
		if err := (provider.Env{Development: true}).CheckURL(raw); (err == nil) != want.development {
			t.Errorf("%q in development: %v", raw, err)
		}
	}
}
