package configfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/provider"
)

// embedding is not what provider.Define returns, although it has its methods.
type embedding struct{ provider.Type }

// A08: a type that no block could use is an error, not ignored.
func TestLoader_InvalidTypes(t *testing.T) {
	t.Parallel()
	if _, err := loader(environment).Parse("auth.hcl", []byte(little)); err != nil {
		t.Fatalf("with sound types: %v", err)
	}
	for name, c := range map[string]struct {
		added config.Type
		want  string
	}{
		"Embedding": {embedding{cotterType}, "configfile_test.embedding is neither a provider.Type nor a database.Type."},
		"Nil":       {nil, "<nil> is neither a provider.Type nor"},
		"ZeroValue": {provider.Type{}, "has no name."},
		"Twice":     {cotterType, `There are two types of provider with the name "cotter".`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := loader(environment)
			l.Types = append(l.Types, c.added)
			_, parsing := l.Parse("auth.hcl", []byte(little))
			_, formatting := l.Format("auth.hcl", []byte(little))
			_, listing := configfile.Arguments(l.Types)
			for _, err := range []error{parsing, formatting, listing} {
				if _, ok := errors.AsType[config.Diagnostics](err); !ok || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want diagnostics with %q", err, c.want)
				}
			}
		})
	}
}

// G02: the fix for a type of the kit that a program lacks is in the message.
func TestLoader_MissingType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ removed, added, want string }{
		"Provider": {`provider "cotter"`, `provider "emulator"`, `import github.com/cotterpin/cotterpin/core/provider/emulator and add emulator.Type to core.WithTypes.`},
		"Database": {`database "postgres"`, `database "mysql"`, `import github.com/cotterpin/cotterpin/ent/mysql and add mysql.Type to core.WithTypes.`},
		"Typo":     {`provider "cotter"`, `provider "emulater"`, `There is no provider "emulater". Did you mean "emulator"?`},
		"Unknown":  {`provider "cotter"`, `provider "saml"`, `There is no provider "saml". Known are: cotter, oidc.`},
	} {
		l := loader(environment)
		l.Types = []config.Type{cotterType, oidcType, postgresType}
		_, err := l.Parse("auth.hcl", []byte(strings.Replace(little, c.removed, c.added, 1)))
		if err == nil || !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), c.want) {
			t.Errorf("%s: got\n%v\nwant %s", name, err, c.want)
		}
	}
}
