package core

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// The grammar of RFC 6750, section 2.1, and RFC 9110, section 11.4. A scheme
// ends before the first byte that is no token character (RFC 9110, section
// 5.6.2).
var (
	bearerScheme = regexp.MustCompile("(?s)\\A(?i:bearer)(?:[^!#$%&'*+\\-.^_`|~0-9A-Za-z].*)?\\z")
	bearerLine   = regexp.MustCompile(`\A(?i:bearer) ([A-Za-z0-9\-._~+/=]+)\z`)
)

func requestWith(header http.Header) web.Request {
	return web.Request{Method: http.MethodGet, Header: header, Body: http.NoBody}
}

func FuzzBearer_Grammar(f *testing.F) {
	for _, line := range []string{
		"Bearer abc", "bearer abc", "BEARER a.b-c_d~e+f/g==", "Bearer", "Bearer ", "Bearer  abc", "Bearer\tabc", "Bearer a b", "Bearer abc ",
		"BearerX abc", "Bearer-X abc", "Basic dTpw", "", "Bearer é", "Bearer \x00", "Bearer\u00a0abc", "Bearer,abc", "Bearer=abc", "B\u212aarer abc",
	} {
		f.Add(line, false)
		f.Add(line, true)
	}
	f.Fuzz(func(t *testing.T, line string, twice bool) {
		lines := []string{line}
		if twice {
			lines = append(lines, "Basic dTpw")
		}
		token, isBearer, err := bearer(requestWith(http.Header{"Authorization": lines}))
		var want autherr.Code
		valid := bearerLine.FindStringSubmatch(line)
		switch {
		case twice:
			want = autherr.InvalidRequest
		case valid != nil:
			if err != nil || !isBearer || token != valid[1] {
				t.Fatalf("%q parsed as %q, %t, %v", line, token, isBearer, err)
			}
			return
		case bearerScheme.MatchString(line):
			want = autherr.InvalidToken
		}
		if isBearer || token != "" || (err != nil) != (want != "") || err != nil && autherr.CodeOf(err) != want {
			t.Fatalf("%q parsed as %q, %t, %v; want %q", line, token, isBearer, err, want)
		}
	})
}

// A request has one credential or is rejected: a Bearer header takes precedence
// over cookies, and two session cookies are an error.
func FuzzCredential_Precedence(f *testing.F) {
	f.Add("", "s=1", "")
	f.Add("Bearer abc", "s=1", "s=2")
	f.Add("Basic dTpw", "a=b; s=1", "")
	f.Add("", "s=1; s=2", "")
	f.Add("", "s=1", "s=1")
	f.Add("Bearer", "s=1", "")
	f.Add("", "S=1; ss=1; s", "")
	block := &sessionBlock{
		Strategy:   checking{},
		transports: []string{config.TransportCookie, config.TransportBearer},
		cookie:     httpapi.Cookie{Name: "s"},
	}
	k := &Kit{blocks: []*sessionBlock{block}}
	f.Fuzz(func(t *testing.T, authorization, first, second string) {
		header := http.Header{"Cookie": {first, second}}
		if authorization != "" {
			header.Set("Authorization", authorization)
		}
		r := requestWith(header)
		token, isBearer, bearerErr := bearer(r)
		cookies := slices.Collect(block.cookie.Values(r))

		var want session.Credential
		var code autherr.Code
		switch {
		case bearerErr != nil:
			code = autherr.InvalidToken
		case isBearer:
			want = session.Credential{Token: token, Transport: config.TransportBearer}
		case len(cookies) == 1:
			want = session.Credential{Token: cookies[0], Transport: config.TransportCookie}
		case len(cookies) == 0:
			code = autherr.Unauthenticated
		default:
			code = autherr.InvalidRequest
		}
		got, err := k.credential(r)
		if got.Credential != want || (err != nil) != (code != "") || err != nil && autherr.CodeOf(err) != code {
			t.Fatalf("%q, %q, %q: %+v, %v; want %+v, %q", authorization, first, second, got, err, want, code)
		}
		ended, err := k.replaced(r)
		if err != nil || len(ended) > len(cookies)+1 || code == "" && len(ended) == 0 {
			t.Fatalf("a login replaces %+v, %v", ended, err)
		}
	})
}
