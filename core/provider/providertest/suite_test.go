package providertest_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// fault names the environment variable that makes the process run the suite
// over a provider with that fault.
const fault = "PROVIDERTEST_FAULT"

// faults are providers that err in one way, each with the part of the suite
// that must notice.
var faults = map[string]struct {
	judge  func(identity.Identity, error) (identity.Identity, error)
	notice string
}{
	"none": {
		judge: func(id identity.Identity, err error) (identity.Identity, error) { return id, err },
	},
	"believes everything": {
		judge:  func(id identity.Identity, _ error) (identity.Identity, error) { return id, nil },
		notice: "ABadCredentialIsRefused",
	},
	"believes nothing": {
		judge: func(identity.Identity, error) (identity.Identity, error) {
			return identity.Identity{}, autherr.New(autherr.InvalidToken, "no")
		},
		notice: "AGoodCredentialIsAccepted",
	},
	"calls an outage a bad token": {
		judge:  recode(autherr.TemporarilyUnavailable, autherr.InvalidToken),
		notice: "UnreachableKeysSayNothingAboutACredential",
	},
	"calls a bad token an outage": {
		judge:  recode(autherr.InvalidToken, autherr.TemporarilyUnavailable),
		notice: "ABadCredentialIsRefused",
	},
	"calls an expired token bad": {
		judge:  recode(autherr.TokenExpired, autherr.InvalidToken),
		notice: "AnExpiredCredentialIsCalledExpired",
	},
	"calls a bad token expired": {
		judge:  recode(autherr.InvalidToken, autherr.TokenExpired),
		notice: "AnExpiredCredentialWithAnotherFaultIsCalledInvalid",
	},
	"knows one subject": {
		judge: func(id identity.Identity, err error) (identity.Identity, error) {
			if err == nil {
				id.Subject = providertest.SubjectOf("ada@example.com")
			}
			return id, err
		},
		notice: "EachOfManyCallersIsToldItsOwnSubject",
	},
}

func recode(from, to autherr.Code) func(identity.Identity, error) (identity.Identity, error) {
	return func(id identity.Identity, err error) (identity.Identity, error) {
		if err != nil && autherr.CodeOf(err) == from {
			return id, autherr.New(to, "recoded")
		}
		return id, err
	}
}

// faulty is a provider that judges in place of another.
type faulty struct {
	provider.Provider
	judge func(identity.Identity, error) (identity.Identity, error)
}

func (f faulty) Verify(ctx context.Context, c provider.Credential) (identity.Identity, error) {
	return f.judge(f.Provider.Verify(ctx, c))
}

func TestTheSuiteNoticesEveryFault(t *testing.T) {
	t.Parallel()
	if os.Getenv(fault) != "" {
		return // this process is one of those below
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSubjectUnderTheSuite$")
			command.Env = append(os.Environ(), fault+"="+name)
			output, err := command.CombinedOutput()
			if noticed := err != nil; noticed != (f.notice != "") {
				t.Fatalf("the suite failed: %v\n%s", noticed, output)
			}
			if !strings.Contains(string(output), "--- FAIL: TestSubjectUnderTheSuite/"+f.notice) && f.notice != "" {
				t.Errorf("%s did not notice:\n%s", f.notice, output)
			}
		})
	}
}

// TestSubjectUnderTheSuite runs the suite over the provider with the fault that
// the environment names.
func TestSubjectUnderTheSuite(t *testing.T) {
	t.Parallel()
	f, named := faults[os.Getenv(fault)]
	if !named {
		f = faults["none"]
	}
	providertest.Run(t, providertest.Subject{
		Open: func(t *testing.T, i *providertest.Issuer) provider.Provider { return faulty{openCotter(t, i), f.judge} },
		Mint: func(i *providertest.Issuer, identifier string, edits ...providertest.Edit) provider.Credential {
			return provider.Credential{Use: provider.Login, AccessToken: i.AccessToken(identifier, edits...)}
		},
		Slot: provider.AccessToken,
	})
}

func openCotter(t *testing.T, i *providertest.Issuer) provider.Provider {
	t.Helper()
	client, err := provider.NewHTTPClient(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	settings := cotter.DefaultSettings()
	settings.APIKeyID, settings.BaseURL = providertest.Audience, i.CotterURL()
	p, err := cotter.Type.Open(t.Context(), &settings, provider.Env{
		Name: "cotter", Common: provider.DefaultCommon(), Development: true,
		HTTPClient: client, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
