package core

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// laxPayload is a login's body as encoding/json reads it: names in any letter
// case, the last of two members, unknown members ignored.
type laxPayload struct {
	Email      *string `json:"email"`
	Phone      *string `json:"phone"`
	OAuthToken struct {
		AccessToken string `json:"access_token"`
		IDToken     string `json:"id_token"`
	} `json:"oauth_token"`
	User struct {
		ID         *string `json:"ID"`
		Identifier *string `json:"identifier"`
		Issuer     *string `json:"issuer"`
	} `json:"user"`
	Provider  *string `json:"provider"`
	Transport *string `json:"transport"`
}

// payloadNames are the members that are rejected in another letter case.
var payloadNames = []string{
	"email", "phone", "oauth_token", "user", "provider", "transport",
	"access_token", "id_token", "refresh_token", "expires_in", "token_type", "auth_method",
	"ID", "identifier", "issuer", "created_at", "updated_at", "deleted_at",
}

func hasNameInOtherCase(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			folded := slices.IndexFunc(payloadNames, func(known string) bool { return strings.EqualFold(known, name) })
			if folded >= 0 && payloadNames[folded] != name || hasNameInOtherCase(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNameInOtherCase)
	}
	return false
}

// An accepted body means the same to encoding/json. A rejected body has two
// readings, or is not a login.
func FuzzReadPayload_MatchesEncodingJSON(f *testing.F) {
	for _, body := range []string{
		`{"email":"ada@example.com","oauth_token":{"access_token":"a","id_token":"b","refresh_token":"c","expires_in":3600},"user":{"ID":"u","identifier":"ada@example.com","issuer":"app"}}`,
		`{"oauth_token":{"access_token":"a"},"provider":"cotter","transport":"cookie","other":[{"x":1}]}`,
		`{"oauth_token":{"access_token":"a"},"OAUTH_TOKEN":{"access_token":"b"}}`,
		`{"oauth_token":{"access_token":"a","access_token":"b"}}`,
		`{"oauth_token":{"access_token":"a"},"user":{"id":"u"}}`,
		`{"oauth_token":{"access_token":"a"},"x":[{"Email":"e"}]}`,
		`{"oauth_token":{"access_token":"a"},"email":null,"provider":null,"user":null}`,
		`{"oauth_token":{"access_token":"a"},"provider":""}`,
		`{"oauth_token":{"access_token":7}}`, `{"oauth_token":[]}`, `{"oauth_token":null}`, `{}`, `[]`, `null`, ``,
		`{"oauth_token":{"access_token":"\ud800"}}`, `{"oauth_token":{"access_token":"a"}} {}`, "\ufeff{}", `{"oauth_token":{"access_to\u006ben":"a"}}`,
		"{\"oauth_token\":{\"access_to\u212aen\":\"a\"}}", "{\"u\u017fer\":{},\"oauth_token\":{\"access_token\":\"a\"}}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := requestWith(http.Header{"Content-Type": {"application/json"}})
		r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
		got, err := readPayload(r)

		var want laxPayload
		var whole any
		laxErr := json.Unmarshal([]byte(body), &want)
		_ = json.Unmarshal([]byte(body), &whole)
		_, strictErr := strictjson.Parse([]byte(body))
		isEmpty := func(s *string) bool { return s != nil && *s == "" }
		wrong := laxErr != nil || strictErr != nil || len(body) > maxBody || hasNameInOtherCase(whole) ||
			want.OAuthToken.AccessToken == "" && want.OAuthToken.IDToken == "" || isEmpty(want.Provider) || isEmpty(want.Transport)
		if wrong != (err != nil) {
			t.Fatalf("%q: %v; encoding/json returns %v, strictjson %v", body, err, laxErr, strictErr)
		}
		if err != nil {
			if code := autherr.CodeOf(err); code != autherr.InvalidRequest && code != autherr.PayloadTooLarge {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		text := func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		}
		same := got.tokens.AccessToken == want.OAuthToken.AccessToken && got.tokens.IDToken == want.OAuthToken.IDToken &&
			got.provider == text(want.Provider) && got.transport == text(want.Transport)
		for ours, theirs := range map[*string]*string{
			got.hints.email: want.Email, got.hints.phone: want.Phone, got.hints.userID: want.User.ID,
			got.hints.userIdentifier: want.User.Identifier, got.hints.userIssuer: want.User.Issuer,
		} {
			same = same && (ours == nil) == (theirs == nil) && text(ours) == text(theirs)
		}
		if !same {
			t.Fatalf("%q is read as %+v, by encoding/json as %+v", body, got, want)
		}
	})
}
