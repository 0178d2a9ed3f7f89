package ownjwt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/session"
)

// cachedTokens is the number of verified access tokens that are cached.
const cachedTokens = 10_000

// maxNodeSkew is how far ahead the clock of another node may be that issued an access
// token. It does not extend the token's life.
const maxNodeSkew = time.Minute

// Strategy is that of own sessions in format "jwt": signed access tokens, which are
// verified without the database, and refresh tokens, which the database stores as
// the secret of the session.
//
// With check "none", access tokens stay valid after logout, revocation, disabling and
// deletion until they expire, at most access_ttl later. Refresh tokens become invalid
// at once.
type Strategy struct {
	settings config.OwnSession
	own      *session.Own
	store    session.Store
	keys     *Keyring
	log      *slog.Logger

	issuer   string
	prefix   string // of the payload of each access token
	verifier *jwt.Verifier
	tokens   *jwt.Cache[accessToken]
}

var _ session.Strategy = (*Strategy)(nil)

// Options configure a [Strategy]. All fields are required.
type Options struct {
	Settings config.OwnSession
	Own      *session.Own // of the same settings and store
	Store    session.Store
	Keys     *Keyring
	Issuer   string // base_url
	Log      *slog.Logger
}

// New returns the strategy. It panics if Issuer is empty.
func New(o Options) *Strategy {
	verifier, err := jwt.NewVerifier(jwt.Policy{
		Keys:          o.Keys,
		Issuer:        o.Issuer,
		Audience:      []string{o.Issuer},
		Algorithms:    []string{es256},
		Types:         []string{TokenType},
		AudienceList:  true,
		KeyIDRequired: true,
		PlainHeader:   true,
		ClockSkew:     maxNodeSkew,
		Now:           o.Own.Now,
	})
	if err != nil {
		panic(fmt.Sprintf("ownjwt: %v", err))
	}
	return &Strategy{
		settings: o.Settings.WithDefaults(),
		own:      o.Own,
		store:    o.Store,
		keys:     o.Keys,
		log:      o.Log,
		issuer:   o.Issuer,
		prefix:   issuerPrefix(o.Issuer),
		verifier: verifier,
		tokens:   jwt.NewCache(verifier, cachedTokens, newAccessToken),
	}
}

// Name returns config.StrategyOwn.
func (s *Strategy) Name() string { return config.StrategyOwn }

// Keeps reports whether sessions keep that claim of the provider's token: see
// [session.Own.Keeps].
func (s *Strategy) Keeps(name string) bool { return s.own.Keeps(name) }

// Owns implements [session.Strategy]: it compares iss.
func (s *Strategy) Owns(token string) bool {
	_, rest, _ := strings.Cut(token, ".")
	return strings.HasPrefix(rest, s.prefix)
}

// JWKS returns the JWK Set document (RFC 7517, section 5) of the keys that access
// tokens are verified with. TemporarilyUnavailable: there are no keys.
func (s *Strategy) JWKS(ctx context.Context) ([]byte, error) { return s.keys.JWKS(ctx) }

// Issue implements [session.Strategy]. Each call creates new tokens, and a new
// public id unless the login continues a session, whose refresh token becomes
// unknown.
func (s *Strategy) Issue(ctx context.Context, l session.Login) (session.Issued, error) {
	keys, err := s.keys.RefreshKeys(ctx)
	if err != nil {
		return session.Issued{}, err
	}
	refresh := newRefreshToken(keys[0], 0)
	begun := s.own.Begin(ctx, l, refresh.lookup, refresh.hash())
	issued, err := s.issue(ctx, begun, refresh)
	issued.Stored = &begun
	return issued, err
}

// issue returns the tokens of a session.
func (s *Strategy) issue(ctx context.Context, of session.Session, refresh refreshToken) (session.Issued, error) {
	now := s.own.Now()
	expires := s.accessExpiry(of, now)
	claims, err := newClaims(s.issuer, of, now, expires)
	if err != nil {
		return session.Issued{}, err
	}
	access, err := s.keys.Sign(ctx, claims)
	if err != nil {
		return session.Issued{}, err
	}
	return session.Issued{Token: access, ExpiresAt: expires, RefreshToken: refresh.String(), View: view(of)}, nil
}

// accessExpiry returns when an access token expires: not after its session, in
// whole seconds.
func (s *Strategy) accessExpiry(of session.Session, now time.Time) time.Time {
	expires := now.Add(s.settings.AccessTTL.Std())
	for _, end := range []time.Time{of.ExpiresAt, of.IdleExpiresAt} {
		if !end.IsZero() && end.Before(expires) {
			expires = end
		}
	}
	return expires.Truncate(time.Second)
}

// Check verifies an access token. Without fresh and with check "none" it does not
// query the database, and the view has no times. The principal is that of the token
// in any case: a token that a login has superseded gets none of its privileges.
//
// Errors by code: InvalidToken; TokenExpired; TemporarilyUnavailable.
func (s *Strategy) Check(ctx context.Context, c session.Credential, fresh bool) (identity.Principal, session.View, error) {
	token, err := s.verify(ctx, c)
	if err != nil {
		return identity.Principal{}, session.View{}, err
	}
	if !fresh && s.settings.Check == config.CheckNone {
		return token.principal, token.view(), nil
	}
	stored, err := s.active(ctx, token)
	if err != nil {
		return identity.Principal{}, session.View{}, err
	}
	principal := token.principal
	principal.ExternalID = stored.ExternalID // it may have changed since the token was issued
	return principal, view(s.own.Seen(ctx, stored, s.own.Now())), nil
}

// verify returns the valid access token of a credential.
func (s *Strategy) verify(ctx context.Context, c session.Credential) (accessToken, error) {
	if !slices.Contains(s.settings.Transport, c.Transport) {
		return accessToken{}, autherr.New(autherr.InvalidToken, "transport_not_listed")
	}
	token, err := s.tokens.Verify(ctx, c.Token)
	switch {
	case err != nil:
		return accessToken{}, err
	case token.transport != c.Transport:
		return accessToken{}, autherr.New(autherr.InvalidToken, "wrong_transport")
	case !s.own.Now().Before(token.expires): // the verifier tolerates clocks that differ
		return accessToken{}, autherr.New(autherr.TokenExpired, "expired")
	}
	return token, nil
}

// active returns the session of an access token if it is active.
func (s *Strategy) active(ctx context.Context, token accessToken) (session.Session, error) {
	stored, err := s.find(ctx, token)
	if err != nil {
		return session.Session{}, err
	}
	return stored, s.own.CheckActive(ctx, stored, s.own.Now())
}

// find returns the session of an access token, active or not.
func (s *Strategy) find(ctx context.Context, token accessToken) (session.Session, error) {
	stored, err := s.store.FindByID(ctx, token.principal.UserID, token.principal.SessionID)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return session.Session{}, autherr.New(autherr.InvalidToken, "unknown_session")
	case err != nil:
		return session.Session{}, autherr.StoreFailed(err)
	}
	return stored, nil
}

// Replace implements [session.Strategy] for an access token, which may have
// expired.
//
// Errors by code: TemporarilyUnavailable; the session may still be active.
func (s *Strategy) Replace(ctx context.Context, l session.Login, c session.Credential) (continued, ended *session.Session, err error) {
	stored, err := s.sessionOf(ctx, c)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return s.own.Supersede(ctx, l, stored)
}

// End revokes the session of an access token, which may have expired, or of a
// refresh token, which may have been exchanged.
//
// Errors by code: TemporarilyUnavailable; the session may still be active.
func (s *Strategy) End(ctx context.Context, c session.Credential, reason string) (*session.Session, error) {
	stored, err := s.sessionOf(ctx, c)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return s.own.Revoke(ctx, stored, reason)
}

// sessionOf returns the session, active or not, of a token that the kit issued.
//
// Errors by code: InvalidToken if there is none; TemporarilyUnavailable.
func (s *Strategy) sessionOf(ctx context.Context, c session.Credential) (session.Session, error) {
	if IsRefreshToken(c.Token) {
		r := &Refresh{strategy: s, transport: c.Transport}
		err := r.find(ctx, c.Token)
		return r.session, err
	}
	claims, err := s.verifier.Verify(ctx, c.Token)
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return session.Session{}, err
	}
	token, err := newAccessToken(claims)
	if err != nil {
		return session.Session{}, err
	}
	if token.transport != c.Transport {
		return session.Session{}, autherr.New(autherr.InvalidToken, "wrong_transport")
	}
	return s.find(ctx, token)
}

// Renew gives an active session new tokens, for when the caller's privileges
// change. The refresh token becomes invalid at once, and the access token when it
// expires.
//
// Errors by code: as Check.
func (s *Strategy) Renew(ctx context.Context, c session.Credential) (session.Issued, error) {
	token, err := s.verify(ctx, c)
	if err != nil {
		return session.Issued{}, err
	}
	stored, err := s.active(ctx, token)
	if err != nil {
		return session.Issued{}, err
	}
	keys, err := s.keys.RefreshKeys(ctx)
	if err != nil {
		return session.Issued{}, err
	}
	next := newRefreshToken(keys[0], stored.Generation)
	issued, err := s.issue(ctx, stored, next)
	if err != nil {
		return session.Issued{}, err
	}
	err = s.store.Rotate(ctx, stored.UserID, stored.Lookup, next.lookup, next.hash())
	switch {
	case errors.Is(err, session.ErrNotFound):
		return session.Issued{}, autherr.New(autherr.InvalidToken, "session_revoked")
	case err != nil:
		return session.Issued{}, autherr.StoreFailed(err)
	}
	return issued, nil
}
