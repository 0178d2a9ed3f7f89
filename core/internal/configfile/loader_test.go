package configfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/provider"
)

const databaseURL = "postgres://app:hunter2@db/auth"

// environment has the variables that the files of testdata/valid read.
var environment = map[string]string{
	"COTTER_API_KEY_ID": "6f0a5a3e",
	"DATABASE_URL":      databaseURL,
	"PGPASSWORD":        "hunter2",
}

const day = config.Duration(24 * time.Hour)

func load(t *testing.T, name string) configfile.File {
	t.Helper()
	s, err := loader(environment).Load(filepath.Join("testdata/valid", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contents are the values of a file in a form that can be compared: without the
// types and without the source.
type contents struct {
	Auth          config.Auth
	Providers     []providerContents
	Users         config.Users
	Own           *config.OwnSession
	ProviderToken *config.ProviderTokenSession
	Database      any
}

type providerContents struct {
	Type, Name string
	Common     provider.Common
	Settings   any
}

func contentsOf(s configfile.File) contents {
	all := contents{Auth: s.Auth, Users: s.Users, Own: s.Own, ProviderToken: s.ProviderToken}
	for _, p := range s.Providers {
		all.Providers = append(all.Providers, providerContents{p.Type.Name(), p.Name, p.Common, p.Settings})
	}
	if s.Database != nil {
		all.Database = s.Database.Settings
	}
	return all
}

func wantContents(t *testing.T, got configfile.File, want contents) {
	t.Helper()
	if got := contentsOf(got); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", asJSON(got), asJSON(want))
	}
}

func asJSON(c contents) string {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Sprint(c)
	}
	return string(text)
}

func TestLoader_Defaults(t *testing.T) {
	t.Parallel()
	common := provider.Common{}.WithDefaults()
	own := config.OwnSession{}.WithDefaults()
	wantContents(t, load(t, "development.hcl"), contents{
		Auth:      config.Auth{Mode: "development", BaseURL: "http://localhost:8080", Path: "/auth"},
		Providers: []providerContents{{"emulator", "emulator", common, &emulatorSettings{Users: []string{"ada@example.com"}}}},
		Users:     config.Users{Create: new(true)},
		Own:       &own,
		Database:  &sqliteSettings{Path: "auth.db"},
	})
}

func TestLoader_EveryArgument(t *testing.T) {
	t.Parallel()
	wantContents(t, load(t, "everything.hcl"), contents{
		Auth: config.Auth{
			Mode:           "production",
			BaseURL:        "https://api.example.co.uk:8443",
			Path:           "/v1/auth",
			AllowedOrigins: []string{"https://app.example.co.uk", "https://[2001:db8::1]:8443"},
			TrustedProxies: []string{"10.0.0.0/8", "2001:db8::7", "unix"},
			LoginFailures:  new(0),

			RequestIDHeader: "X-Request-Id",
		},
		Providers: []providerContents{
			{"cotter", "old", provider.Common{
				DisplayName: "Cotter, until spring",
				State:       config.StateDraining,
				Trust:       []string{},
				ClockSkew:   config.Off,
				LoginMaxAge: config.Off,
				Cache:       new(0),
				Keys:        &provider.KeyAges{MaxAge: config.Duration(10 * time.Minute), MaxStale: config.Duration(48 * time.Hour)},
				HTTP:        &provider.HTTP{Timeout: config.Duration(5 * time.Second), CAFile: "ca.pem"},
			}, &cotterSettings{APIKeyID: "6f0a5a3e", BaseURL: "https://www.cotter.app/api/v0"}},
			{"oidc", "new", provider.Common{
				State:       config.StateActive,
				ClockSkew:   config.Duration(30 * time.Second),
				LoginMaxAge: config.Duration(15 * time.Minute),
				Cache:       new(10_000),
				Keys:        provider.Common{}.WithDefaults().Keys,
				HTTP:        provider.Common{}.WithDefaults().HTTP,
			}, &oidcSettings{
				Issuer:   "https://issuer.example.com",
				Audience: []string{"web", "native"},
				Retries:  new(0),
				Claims:   &oidcClaims{Subject: "/sub", Email: "/contact/email"},
			}},
		},
		Users: config.Users{Create: new(false), LinkOn: []string{"email"}},
		ProviderToken: &config.ProviderTokenSession{
			Transport: []string{"cookie", "bearer"},
			User:      "required",
			CacheTTL:  config.Off,
			Cookie:    &config.Cookie{Name: "__Secure-token", Domain: "example.co.uk", SameSite: "none", Partitioned: true},
		},
		Database: &postgresSettings{URL: config.NewSecret(databaseURL), MaxOpenConns: 3},
	})
}

func TestLoader_JSONForm(t *testing.T) {
	t.Parallel()
	wantContents(t, load(t, "production.hcl.json"), contentsOf(load(t, "production.hcl")))
}

func TestLoader_TypeDefaultsUnchanged(t *testing.T) {
	t.Parallel()
	load(t, "everything.hcl")
	fresh, ok := oidcType.NewSettings().(*oidcSettings)
	if !ok || *fresh.Claims != (oidcClaims{Subject: "/sub", Email: "/email"}) {
		t.Errorf("the defaults are now %+v", fresh.Claims)
	}
}

func TestFile_NoWarnings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"production.hcl", "production.hcl.json", "everything.hcl"} {
		if warnings := load(t, name).Warnings(); len(warnings) > 0 {
			t.Errorf("%s: %v", name, warnings)
		}
	}
}

func TestFile_WarningMasksSecret(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"production.hcl":      `env("DATABASE_URL")`,
		"production.hcl.json": `"${env(\"DATABASE_URL\")}"`,
	} {
		src, err := os.ReadFile(filepath.Join("testdata/valid", name))
		if err != nil {
			t.Fatal(err)
		}
		literal := bytes.Replace(src, []byte(secret), []byte(`"`+databaseURL+`"`), 1)
		s, err := loader(environment).Parse(name, literal)
		if err != nil {
			t.Fatalf("%s: a warning is an error: %v", name, err)
		}
		warnings := s.Warnings()
		if len(warnings) != 1 || warnings[0].Severity != config.SeverityWarning {
			t.Fatalf("%s: warnings %v, want one", name, warnings)
		}
		if shown := warnings.Error(); !strings.Contains(shown, "•••") || strings.Contains(shown, "hunter2") {
			t.Errorf("%s: got\n%s", name, shown)
		}
	}
}

func TestLoader_SecretsMasked(t *testing.T) {
	t.Parallel()
	for _, path := range problemFiles(t) {
		src, _ := splitGolden(t, path)
		if !strings.Contains(src, "hunter2") {
			continue
		}
		_, err := loader(nil).Parse(fileName(path), []byte(src))
		asJSON, jsonErr := json.Marshal(err)
		if jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if strings.Contains(err.Error(), "hunter2") || bytes.Contains(asJSON, []byte("hunter2")) {
			t.Errorf("%s: the secret is shown:\n%v", path, err)
		}
	}
}

func TestDiagnostic_JSON(t *testing.T) {
	t.Parallel()
	_, err := loader(nil).Parse("auth.hcl", []byte("auth {\n  base_url = \"https://api.example.com\"\n  color    = \"red\"\n}\n"))
	found, ok := errors.AsType[config.Diagnostics](err)
	if !ok {
		t.Fatalf("the error is a %T", err)
	}
	i := slices.IndexFunc(found, func(d config.Diagnostic) bool { return d.Summary == "Unsupported argument" })
	if i < 0 {
		t.Fatal(err)
	}
	got, err := json.Marshal(found[i])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"severity":"error","summary":"Unsupported argument",` +
		`"detail":"An argument named \"color\" is not expected here. This block has allowed_origins, base_url, login_failures, mode, path, request_id_header, trusted_proxies.",` +
		`"range":{"filename":"auth.hcl","start":{"line":3,"column":3,"byte":48},"end":{"line":3,"column":8,"byte":53}},` +
		`"snippet":{"context":"auth","code":"  color    = \"red\"","start_line":3,"highlight_start_offset":2,"highlight_end_offset":7,"values":[]}}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLoader_StableOrder(t *testing.T) {
	t.Parallel()
	src := []byte("auth {\n  a = 1\n  b = 2\n  c = 3\n  d = 4\n  e = 5\n}\n")
	_, first := loader(nil).Parse("auth.hcl", src)
	for range 20 {
		if _, again := loader(nil).Parse("auth.hcl", src); again.Error() != first.Error() {
			t.Fatalf("first\n%v\nthen\n%v", first, again)
		}
	}
}

func TestLoader_MissingFile(t *testing.T) {
	t.Parallel()
	_, err := loader(nil).Load(filepath.Join(t.TempDir(), "auth.hcl"))
	if _, ok := errors.AsType[config.Diagnostics](err); !ok || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

func TestFile_Explain(t *testing.T) {
	t.Parallel()
	s := load(t, "production.hcl")
	for name, c := range map[string]struct {
		at   configfile.Path
		line int
	}{
		"Block":            {configfile.Path{Block: "provider", Label: "google"}, 11},
		"Argument":         {configfile.Path{Block: "provider", Label: "google", Argument: "audience"}, 13},
		"UnsetArgument":    {configfile.Path{Block: "database", Label: "postgres", Argument: "max_open_conns"}, 32},
		"NestedBlock":      {configfile.Path{Block: "session", Label: "own", Argument: "cookie"}, 26},
		"UnsetInItsNested": {configfile.Path{Block: "session", Label: "own", Argument: "cookie.domain"}, 26},
		"MissingBlock":     {configfile.Path{Block: "provider", Label: "github"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := s.Explain(c.at, "It cannot be opened", os.ErrPermission)
			if !errors.Is(err, os.ErrPermission) {
				t.Errorf("the cause is lost in %v", err)
			}
			want := fmt.Sprintf("Error: It cannot be opened\n\n  on %s line %d", filepath.Join("testdata/valid", "production.hcl"), c.line)
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// inGo returns valid settings written in Go.
func inGo() configfile.File {
	return configfile.File{
		Auth:      config.Auth{BaseURL: "https://api.example.com"},
		Providers: []provider.Instance{{Type: cotterType, Settings: &cotterSettings{APIKeyID: "6f0a5a3e"}}},
		Own:       new(config.OwnSession),
		Database:  &database.Instance{Type: sqliteType, Settings: &sqliteSettings{}},
	}
}

func TestFile_Validate(t *testing.T) {
	t.Parallel()
	if err := inGo().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*configfile.File)
		want   string
	}{
		"BaseURL":           {func(s *configfile.File) { s.Auth.BaseURL = "http://api.example.com" }, "Error: Invalid value for \"base_url\"\n\n  in auth\n\nMust begin with"},
		"NoProvider":        {func(s *configfile.File) { s.Providers = nil }, "Error: Missing provider block\n\n  in provider\n\n"},
		"SameProvider":      {func(s *configfile.File) { s.Providers = append(s.Providers, s.Providers[0]) }, "Error: Duplicate provider name\n\n  in provider \"cotter\"\n\n"},
		"NoType":            {func(s *configfile.File) { s.Providers[0].Type = provider.Type{} }, "It has no type: set Type, such as cotter.Type."},
		"OtherSettings":     {func(s *configfile.File) { s.Providers[0].Settings = &oidcSettings{} }, "Its settings must be a *configfile_test.cotterSettings that is not nil."},
		"NilSettings":       {func(s *configfile.File) { s.Database.Settings = (*sqliteSettings)(nil) }, "Its settings must be a *configfile_test.sqliteSettings that is not nil."},
		"NoSettings":        {func(s *configfile.File) { s.Database.Settings = nil }, "Its settings must be a *configfile_test.sqliteSettings that is not nil."},
		"NegativeDuration":  {func(s *configfile.File) { s.Own.IdleTTL = -day }, "Error: Invalid value for \"idle_ttl\""},
		"TTLOff":            {func(s *configfile.File) { s.Own.TTL = config.Off }, "Error: Invalid value for \"ttl\""},
		"NoSession":         {func(s *configfile.File) { s.Own = nil }, "Error: Missing session block"},
		"UserNoneNextToOwn": {func(s *configfile.File) { s.ProviderToken = &config.ProviderTokenSession{User: config.UserNone} }, "Error: Invalid value for \"user\""},
		"DefaultSession":    {func(s *configfile.File) { s.DefaultSession = config.StrategyProviderToken }, "Error: Invalid session"},
		"NoDatabase":        {func(s *configfile.File) { s.Database = nil }, "Error: Missing database block"},
		"ItsOwnRule":        {func(s *configfile.File) { s.Database.Settings = &sqliteSettings{Migrate: "yes"} }, "Error: Invalid value for \"migrate\"\n\n  in database \"sqlite\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := inGo()
			c.change(&s)
			err := s.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

func TestFile_ValidateLoaded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"development.hcl", "production.hcl", "production.hcl.json", "everything.hcl"} {
		if err := load(t, name).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoader_Format(t *testing.T) {
	t.Parallel()
	const untidy, tidy = "auth {\nbase_url=\"https://a.example\" # here\n  mode    = \"production\"\n}\n",
		"auth {\n  base_url = \"https://a.example\" # here\n  mode     = \"production\"\n}\n"
	for _, src := range []string{untidy, tidy} {
		if got, err := loader(nil).Format("auth.hcl", []byte(src)); err != nil || string(got) != tidy {
			t.Errorf("%q becomes %q, %v", src, got, err)
		}
	}
	if _, err := loader(nil).Format("auth.hcl", []byte("auth {")); err == nil {
		t.Error("a broken file is formatted")
	}
	if _, err := loader(nil).Format("auth.hcl.json", []byte("{}")); err == nil {
		t.Error("JSON is formatted")
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	arguments, err := configfile.Arguments(loader(nil).Types)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arguments {
		if a.Doc == "" {
			t.Errorf("%s: %s has no doc tag", a.Block, a.Name)
		}
		if key := a.Block + " " + a.Name; seen[key] {
			t.Errorf("%s is listed twice", key)
		} else {
			seen[key] = true
		}
	}
	for _, want := range []configfile.Argument{
		{Block: "auth", Name: "base_url", Type: "string", Required: true, Doc: "the application's origin, such as https://api.example.com"},
		{Block: "provider", Name: "http.timeout", Type: "duration", Default: `"5s"`, Doc: "limit of one call, the body included; default 5s, at most 30s"},
		{Block: `session "own"`, Name: "transport", Type: "list(string)", Default: `["cookie"]`, Doc: "cookie, bearer, or both; the first is the default of a login"},
		{Block: `database "postgres"`, Name: "url", Type: "secret", Required: true, Doc: "the connection"},
		{Block: `database "postgres"`, Name: "max_open_conns", Type: "number", Default: "10", Doc: "how many connections are open at most"},
		{Block: "users", Name: "create", Type: "bool", Default: "true", Doc: "whether the first login of an unknown identity creates a user"},
		{Block: `provider "oidc"`, Name: "required_claims", Type: "map(string)", Doc: "claims that a token must have"},
	} {
		if !slices.Contains(arguments, want) {
			t.Errorf("%+v is missing", want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range problemFiles(f) {
		src, _ := splitGolden(f, path)
		f.Add([]byte(src), strings.HasSuffix(path, ".json"))
	}
	for _, name := range []string{"development.hcl", "production.hcl", "production.hcl.json", "everything.hcl"} {
		src, err := os.ReadFile(filepath.Join("testdata/valid", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, strings.HasSuffix(name, ".json"))
	}
	l := loader(environment)
	f.Fuzz(func(t *testing.T, src []byte, isJSON bool) {
		name := "testdata/valid/auth.hcl"
		if isJSON {
			name += ".json"
		}
		s, err := l.Parse(name, src)
		if err != nil {
			if err.Error() == "" {
				t.Error("the error is empty")
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Errorf("the loaded file is not valid: %v", err)
		}
		if isJSON {
			return
		}
		formatted, err := l.Format(name, src)
		if err != nil {
			t.Fatalf("a valid file is not formatted: %v", err)
		}
		if twice, err := l.Format(name, formatted); err != nil || !bytes.Equal(twice, formatted) {
			t.Fatalf("%q is formatted again as %q, %v", formatted, twice, err)
		}
		again, err := l.Parse(name, formatted)
		if err != nil {
			t.Fatalf("after formatting it is not valid: %v", err)
		}
		wantContents(t, again, contentsOf(s))
	})
}
