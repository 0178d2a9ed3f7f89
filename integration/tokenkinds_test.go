package integration_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// api is the audience of access tokens.
const api = "https://api.example.com"

// foreignKind is a token type that an issuer signs with the key of its ID
// tokens.
type foreignKind struct {
	name  string
	edits func(audience string) []providertest.Edit
}

// The tokens of the table. Each has the audience that is expected where it is tried,
// so that nothing but its kind is wrong.
var tokenKinds = []foreignKind{
	{"ID token", claims("aud", "*", "azp", providertest.Audience, "nonce", "n-0S6")},
	{"RFC 9068", typed("at+jwt", "aud", "*", "client_id", providertest.Audience, "scope", "openid")},
	{"Keycloak access", claims("aud", "*", "azp", providertest.Audience, "typ", "Bearer")},
	{"Keycloak refresh", claims("aud", "*", "azp", providertest.Audience, "typ", "Refresh")},
	{"Cognito access", claims("aud", nil, "client_id", "*", "token_use", "access")},
	{"Cognito ID", claims("aud", "*", "token_use", "id", "cognito:username", "ada")},
	{"logout+jwt", typed("logout+jwt", "aud", "*", "events", loggedOut)},
	{"logout as JWT", claims("aud", "*", "events", loggedOut)},
	{"security event", typed("secevent+jwt", "aud", "*", "events", map[string]any{"https://schemas.openid.net/secevent/caep/event-type/session-revoked": map[string]any{}})},
}

var loggedOut = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}

// claims returns edits that set claims, given as names and values; "*" is the
// audience.
func claims(namesAndValues ...any) func(audience string) []providertest.Edit {
	return func(audience string) (edits []providertest.Edit) {
		for pair := range slices.Chunk(namesAndValues, 2) {
			value := pair[1]
			if value == "*" {
				value = audience
			}
			edits = append(edits, providertest.Claim(pair[0].(string), value))
		}
		return edits
	}
}

// typed returns edits that set typ in the header, and claims.
func typed(typ string, namesAndValues ...any) func(audience string) []providertest.Edit {
	return func(audience string) []providertest.Edit {
		return append(claims(namesAndValues...)(audience), providertest.Header("typ", typ))
	}
}

// accessBlock is a configuration of access tokens, and the kinds that it accepts
// as such.
type accessBlock struct {
	name, arguments, audience string
	accepted                  []string
}

var accessBlocks = []accessBlock{
	{"typed", `audience = ["` + api + `"]`, api, []string{"RFC 9068"}},
	{"untyped", `audience = ["` + api + `"]
    typed = false`, api, []string{"RFC 9068", "Keycloak access"}},
	{"client_id", `audience = ["` + providertest.Audience + `"]
    typed = false
    audience_claim = "client_id"`, providertest.Audience, []string{"Cognito access"}},
}

// idTokens are the kinds that are accepted as ID tokens.
var idTokens = []string{"ID token", "Cognito ID"}

// block returns the block access_token, whose tokens suffice for a login.
func (b accessBlock) block() string {
	return fmt.Sprintf("access_token {\n    %s\n    login = true\n    clients = [%q]\n  }", b.arguments, providertest.Audience)
}

// TestTokenKinds_Exclude tries each token kind in each position. It is accepted
// exactly where the table of the token kinds lists it; elsewhere the response is
// 401, and no row is written.
//
// Cases: T01, T02, T03, T04, T05. Frameworks: nethttp, gin, fiber.
func TestTokenKinds_Exclude(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scene := newScenes(t, framework).on(servable()[0])
		t.Run("no access tokens", func(t *testing.T) {
			t.Parallel()
			trial := newKindTrial(t, scene)
			for _, kind := range tokenKinds {
				trial.asIDToken(t, kind)
				trial.request(t, kind, providertest.Audience, idTokens)
			}
		})
		for _, block := range accessBlocks {
			t.Run(block.name, func(t *testing.T) {
				t.Parallel()
				trial := newKindTrial(t, scene, block.block())
				trial.access = kindNamed(block.accepted[0]).edits(block.audience)
				for _, kind := range tokenKinds {
					trial.asIDToken(t, kind)
					trial.asAccessToken(t, kind, block)
					trial.request(t, kind, block.audience, block.accepted)
				}
			})
		}
	})
}

func kindNamed(name string) foreignKind {
	return tokenKinds[slices.IndexFunc(tokenKinds, func(kind foreignKind) bool { return kind.name == name })]
}

// kindTrial tries tokens with a program of each session.
type kindTrial struct {
	issuer             *providertest.Issuer
	own, providerToken *program
	access             []providertest.Edit // of an accepted access token; nil: none is
}

func newKindTrial(t *testing.T, s *scene, arguments ...string) kindTrial {
	t.Helper()
	issuer := s.issuer()
	return kindTrial{
		issuer:        issuer,
		own:           s.start(t, ownSession, corp(issuer, arguments...)),
		providerToken: s.start(t, tokenBearer, corp(issuer, arguments...)),
	}
}

// payload returns the payload of a login with that ID token, and with an access
// token if callers are recognized by one.
func (k kindTrial) payload(person, id string) map[string]any {
	tokens := map[string]any{"id_token": id}
	if k.access != nil {
		tokens["access_token"] = k.issuer.OIDCToken(person, k.access...)
	}
	return map[string]any{"oauth_token": tokens}
}

// asIDToken posts a token as the ID token of a new user, in both sessions.
func (k kindTrial) asIDToken(t *testing.T, kind foreignKind) {
	t.Helper()
	for _, p := range []*program{k.own, k.providerToken} {
		neighbor := kindPerson(t, "neighbor of "+kind.name)
		created(t, p.login(t, k.payload(neighbor, k.issuer.OIDCToken(neighbor))))
		person := kindPerson(t, kind.name)
		raw := k.issuer.OIDCToken(person, kind.edits(providertest.Audience)...)
		k.try(t, p, person, k.payload(person, raw), slices.Contains(idTokens, kind.name))
	}
}

// asAccessToken posts a token as the access token of a new user, alone and next to
// an ID token, in both sessions.
func (k kindTrial) asAccessToken(t *testing.T, kind foreignKind, block accessBlock) {
	t.Helper()
	for _, p := range []*program{k.own, k.providerToken} {
		for _, withID := range []bool{false, true} {
			payload := func(person string, edits []providertest.Edit) map[string]any {
				tokens := map[string]any{"access_token": k.issuer.OIDCToken(person, edits...)}
				if withID {
					tokens["id_token"] = k.issuer.OIDCToken(person)
				}
				return map[string]any{"oauth_token": tokens}
			}
			neighbor := kindPerson(t, fmt.Sprintf("access neighbor of %s %t", kind.name, withID))
			created(t, p.login(t, payload(neighbor, k.access)))
			person := kindPerson(t, fmt.Sprintf("access %s %t", kind.name, withID))
			k.try(t, p, person, payload(person, kind.edits(block.audience)), slices.Contains(block.accepted, kind.name))
		}
	}
}

// try posts a login that registers a user or is refused.
func (k kindTrial) try(t *testing.T, p *program, person string, payload map[string]any, accepted bool) {
	t.Helper()
	if accepted {
		created(t, p.login(t, payload))
		return
	}
	p.rejectsLogin(t, person, payload)
}

// request sends a token of a registered user as the bearer token of a request.
func (k kindTrial) request(t *testing.T, kind foreignKind, audience string, accepted []string) {
	t.Helper()
	person := kindPerson(t, "request "+kind.name)
	valid := k.issuer.OIDCToken(person, k.access...)
	created(t, k.providerToken.login(t, k.payload(person, k.issuer.OIDCToken(person))))
	k.providerToken.me(t, bearer(valid))
	raw := k.issuer.OIDCToken(person, kind.edits(audience)...)
	k.providerToken.add(raw)
	if slices.Contains(accepted, kind.name) {
		k.providerToken.me(t, bearer(raw))
		return
	}
	k.providerToken.rejects(t, bearer(raw))
}

func kindPerson(t *testing.T, name string) string {
	t.Helper()
	return uniqueEmail(t, strings.ToLower(strings.NewReplacer(" ", "-", "+", "-").Replace(name)))
}

// created checks that a login has registered a user.
func created(t *testing.T, a reply) {
	t.Helper()
	a.is(t, http.StatusCreated, "")
}

// TestAccessToken_Issuers signs in and calls with access tokens as issuers
// document them.
//
// Cases: T06, T07, T23. Frameworks: nethttp, gin, fiber.
func TestAccessToken_Issuers(t *testing.T) {
	t.Parallel()
	const frontEnd = "https://app.example.com"
	issuers := map[string]struct {
		block string // ends with the clients
		valid []providertest.Edit
		bad   map[string][]providertest.Edit
	}{
		"Cognito": {
			`audience = ["1h57kf5cpq17m0eml12EXAMPLE"]
    typed = false
    audience_claim = "client_id"
    clients = ["1h57kf5cpq17m0eml12EXAMPLE"]`,
			claims("aud", nil, "client_id", "*", "token_use", "access", "scope", "aws.cognito.signin.user.admin")("1h57kf5cpq17m0eml12EXAMPLE"),
			map[string][]providertest.Edit{
				"another client":   {providertest.Claim("client_id", "another")},
				"its ID token":     {providertest.Claim("token_use", "id")},
				"client in a list": {providertest.Claim("client_id", []any{[]string{"1h57kf5cpq17m0eml12EXAMPLE"}})},
			},
		},
		"Clerk": {
			`audience = ["` + frontEnd + `"]
    typed = false
    audience_claim = "azp"
    clients = ["` + frontEnd + `"]`,
			claims("aud", nil, "azp", "*", "sid", "sess_1", "v", 2)(frontEnd),
			map[string][]providertest.Edit{
				"another front end": {providertest.Claim("azp", "https://evil.example.com")},
				"no front end":      {providertest.Claim("azp", nil)},
				"in aud":            {providertest.Claim("azp", nil), providertest.Claim("aud", frontEnd)},
			},
		},
		"Auth0": {
			`audience = ["` + api + `"]
    typed = false
    clients = ["spa"]`,
			claims("aud", []string{api, "https://tenant.auth0.example/userinfo"}, "azp", "spa", "scope", "openid profile")(""),
			map[string][]providertest.Edit{
				"another API":    {providertest.Claim("aud", []string{"https://another.example.com", "https://tenant.auth0.example/userinfo"})},
				"another client": {providertest.Claim("azp", "another")},
			},
		},
		"Supabase": {
			`audience = ["authenticated"]
    typed = false
    clients = [""]`,
			claims("aud", "authenticated", "role", "authenticated", "aal", "aal1", "session_id", "1")(""),
			map[string][]providertest.Edit{
				"another audience": {providertest.Claim("aud", "anon")},
				"another client":   {providertest.Claim("client_id", "another")},
			},
		},
	}
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scene := newScenes(t, framework).on(servable()[0])
		for name, issuer := range issuers {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				trial := newKindTrial(t, scene, "access_token {\n    login = true\n    "+issuer.block+"\n  }")
				person := kindPerson(t, "valid")
				valid := trial.issuer.OIDCToken(person, issuer.valid...)
				created(t, trial.own.login(t, posted(valid)))
				created(t, trial.providerToken.login(t, posted(valid)))
				trial.providerToken.me(t, bearer(valid))
				for what, edits := range issuer.bad {
					unknown := kindPerson(t, what)
					raw := trial.issuer.OIDCToken(unknown, append(slices.Clone(issuer.valid), edits...)...)
					trial.own.rejectsLogin(t, unknown, posted(raw))
					trial.own.rejectsLogin(t, unknown, postedID(raw))
					trial.providerToken.rejectsLogin(t, unknown, posted(raw))
					trial.providerToken.rejects(t, bearer(trial.issuer.OIDCToken(person, append(slices.Clone(issuer.valid), edits...)...)))
				}
				trial.own.rejectsLogin(t, kindPerson(t, "as-id"), postedID(trial.issuer.OIDCToken(kindPerson(t, "as-id"), issuer.valid...)))
			})
		}
	})
}

// TestAccessToken_BothTokens posts an access token and an ID token of one login.
//
// Cases: T04, T05. Frameworks: nethttp, gin, fiber.
func TestAccessToken_BothTokens(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scene := newScenes(t, framework).on(servable()[0])
		trial := newKindTrial(t, scene, "access_token {\n    audience = [\""+api+"\"]\n  }")
		trial.access = kindNamed("RFC 9068").edits(api)
		both := func(id, access string) map[string]any {
			return map[string]any{"oauth_token": map[string]any{"id_token": id, "access_token": access}}
		}
		person, unknown := kindPerson(t, "ada"), kindPerson(t, "unknown")
		access := trial.issuer.OIDCToken(person, trial.access...)
		idToken := func(person string, edits ...providertest.Edit) string {
			return trial.issuer.OIDCToken(person, edits...)
		}
		for _, p := range []*program{trial.own, trial.providerToken} {
			created(t, p.login(t, both(idToken(person, providertest.Claim("at_hash", accessTokenHash(access))), access)))
			for _, bad := range []map[string]any{
				both(idToken(unknown), access),
				both(idToken(person, providertest.Claim("at_hash", accessTokenHash("another"))), access),
				both(idToken(unknown), idToken(unknown)),
				both(idToken(unknown), "garbage"),
			} {
				p.rejectsLogin(t, unknown, bad)
			}
			alone := posted(trial.issuer.OIDCToken(unknown, trial.access...))
			p.rejectsLogin(t, unknown, alone)
			alone["provider"] = "corp"
			p.refused(t, providertest.SubjectOf(unknown), alone, http.StatusBadRequest, "invalid_request")
		}
		created(t, trial.own.login(t, postedID(idToken(unknown))))
		trial.providerToken.refused(t, providertest.SubjectOf(unknown), postedID(idToken(unknown)), http.StatusBadRequest, "invalid_request")
		trial.providerToken.me(t, bearer(access))
		edits := append(slices.Clone(trial.access), providertest.Header("typ", "application/AT+JWT"))
		trial.providerToken.me(t, bearer(trial.issuer.OIDCToken(person, edits...)))
		trial.providerToken.rejects(t, bearer(idToken(person)))
	})
}

func accessTokenHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
