package configfile_test

import (
	"strings"
	"testing"
)

func TestFile_LinkOnAndStateWarnings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, second, linkOn, want string }{
		"none":          {"active", "active", `["email"]`, ""},
		"phone":         {"active", "active", `["email", "phone"]`, `Weak value for "link_on"`},
		"one disabled":  {"disabled", "active", `[]`, ""},
		"both draining": {"draining", "draining", `[]`, ""},
		"both disabled": {"disabled", "disabled", `[]`, "Every provider block is disabled"},
	} {
		src := strings.NewReplacer("FIRST", c.first, "SECOND", c.second, "LINK_ON", c.linkOn).Replace(`
auth { base_url = "https://api.example.com" }
provider "cotter" {
  api_key_id = "key"
  state      = "FIRST"
}
provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
  state    = "SECOND"
}
session "own" {}
database "sqlite" {}
users { link_on = LINK_ON }
`)
		f, err := loader(nil).Parse("auth.hcl", []byte(src))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, warning := range f.Warnings() {
			got = append(got, warning.Summary)
			if warning.Range == nil {
				t.Errorf("%s: the warning has no line", name)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: warnings %q, want %q", name, got, c.want)
		}
	}
}
