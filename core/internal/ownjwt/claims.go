package ownjwt

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/base64url"
	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/token"
)

// payload contains the claims of an access token (RFC 9068, section 2.2), besides
// those that the session keeps. iss is the first: see [issuerPrefix].
type payload struct {
	Issuer      string   `json:"iss"`
	Audience    []string `json:"aud"`
	Subject     string   `json:"sub"`                   // user id
	ExternalID  string   `json:"external_id,omitempty"` // the application's own id of the user
	SessionID   string   `json:"sid"`
	IssuedAt    int64    `json:"iat"`
	ExpiresAt   int64    `json:"exp"`
	ID          string   `json:"jti"`
	AuthTime    int64    `json:"auth_time"`
	AuthMethods []string `json:"amr,omitempty"` // words of the authentication method
	Provider    string   `json:"client_id"`
	Origin      origin   `json:"cotterpin"`
}

// origin is what the kit needs to recognize the caller without its database. Other
// services ignore the claim.
type origin struct {
	Issuer          string `json:"iss"` // of the provider's token
	Subject         string `json:"sub"`
	Transport       string `json:"transport"`
	AuthenticatedAt int64  `json:"authenticated_ms"`
	HasAuthTime     bool   `json:"auth_time,omitempty"` // the session keeps the provider's auth_time
}

// newClaims returns the claims of an access token of a session.
func newClaims(issuer string, s session.Session, issued, expires time.Time) ([]byte, error) {
	p := payload{
		Issuer:     issuer,
		Audience:   []string{issuer},
		Subject:    s.UserID.String(),
		ExternalID: s.ExternalID,
		SessionID:  s.ID,
		IssuedAt:   issued.Unix(),
		ExpiresAt:  expires.Unix(),
		ID:         rand.Text(),
		AuthTime:   s.AuthenticatedAt.Unix(),
		Provider:   s.Provider,
		Origin: origin{
			Issuer:          s.Issuer,
			Subject:         s.Subject,
			Transport:       s.Transport,
			AuthenticatedAt: s.AuthenticatedAt.UnixMilli(),
			HasAuthTime:     s.Principal().HasAuthTime(),
		},
	}
	if s.AuthMethod != "" {
		p.AuthMethods = strings.Split(s.AuthMethod, methodSeparator)
	}
	text, err := encodeJSON(p)
	if err != nil {
		return nil, err
	}
	kept, err := keptMembers(s.Claims)
	if err != nil || len(kept) == 0 {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), kept...), nil
}

// methodSeparator is that of an authentication method in the claims of Cotter, and
// of the list amr of other issuers (see [identity.Identity]).
const methodSeparator = " "

// keptMembers returns the claims that a session keeps as members of a JSON object
// and its last brace; nothing if there are none. auth_time is one of the claims of
// every access token.
func keptMembers(kept identity.Claims) ([]byte, error) {
	kept, err := filter(kept, func(name string) bool { return !claim.IsRegistered(name) && !claim.IsOfOwnToken(name) })
	if err != nil {
		return nil, err
	}
	text, err := kept.MarshalJSON()
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return text[1:], nil
}

// filter returns the claims with the names that keep accepts.
func filter(claims identity.Claims, keep func(name string) bool) (identity.Claims, error) {
	text, err := claims.MarshalJSON()
	if err != nil || string(text) == "null" {
		return identity.Claims{}, err
	}
	object, err := strictjson.Parse(text)
	if err != nil {
		return identity.Claims{}, fmt.Errorf("ownjwt: kept claims: %w", err)
	}
	return identity.ClaimsOf(object.Filter(func(name string, _ strictjson.Value) bool { return keep(name) })), nil
}

// encodeJSON returns the JSON of a value without escapes for HTML, which would make
// tokens longer.
func encodeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("ownjwt: %w", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// issuerPrefix returns the first characters of the payload of each access token of an
// issuer: the encoding of iss. It ends within aud, where the encoding of three
// bytes ends.
func issuerPrefix(issuer string) string {
	text, _ := encodeJSON(issuer) // a string is never an error
	begin := `{"iss":` + string(text) + `,"aud":[`
	return base64url.Encode([]byte(begin[:len(begin)-len(begin)%3]))
}

// accessToken is a verified access token.
type accessToken struct {
	principal identity.Principal
	transport string
	expires   time.Time
}

// newAccessToken returns what the verified claims of an access token specify.
func newAccessToken(c token.Claims) (accessToken, error) {
	var o origin
	text, _ := c.Lookup("cotterpin")
	user, err := uuid.Parse(c.Subject)
	if err != nil || json.Unmarshal([]byte(text), &o) != nil {
		return accessToken{}, autherr.New(autherr.InvalidToken, "incomplete_claims")
	}
	kept, err := keptClaims(c, o)
	if err != nil {
		return accessToken{}, autherr.Wrap(autherr.InvalidToken, "malformed_claims", err)
	}
	id, _ := c.String("sid")
	externalID, _ := c.String("external_id")
	provider, _ := c.String("client_id")
	methods, _ := c.Strings("amr")
	return accessToken{
		principal: identity.Principal{
			Kind:            identity.KindUser,
			UserID:          user,
			ExternalID:      externalID,
			Provider:        provider,
			Issuer:          o.Issuer,
			Subject:         o.Subject,
			AuthMethod:      strings.Join(methods, methodSeparator),
			SessionID:       id,
			AuthenticatedAt: time.UnixMilli(o.AuthenticatedAt).UTC(),
			Claims:          kept,
		},
		transport: o.Transport,
		expires:   c.ExpiresAt,
	}, nil
}

// keptClaims returns the claims that the session of an access token keeps.
func keptClaims(c token.Claims, o origin) (kept identity.Claims, err error) {
	all, err := filter(c.Extra(), func(name string) bool {
		return !claim.IsOfOwnToken(name) || o.HasAuthTime && name == "auth_time"
	})
	if err != nil {
		return identity.Claims{}, err
	}
	text, err := all.MarshalJSON()
	if err != nil {
		return identity.Claims{}, err
	}
	return kept, kept.UnmarshalJSON(text)
}

// view returns a session as its user may see it.
func view(s session.Session) session.View {
	v := s.View()
	v.Format = config.FormatJWT
	return v
}

// view returns the session of a token as far as the token specifies it. The
// database alone has its times, which are zero.
func (a accessToken) view() session.View {
	return session.View{
		ID:         a.principal.SessionID,
		Strategy:   config.StrategyOwn,
		Format:     config.FormatJWT,
		Provider:   a.principal.Provider,
		AuthMethod: a.principal.AuthMethod,
	}
}
