package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
	"github.com/cotterpin/cotterpin/core/web"
)

// Provider is an opened provider block. Many goroutines use it at the same time.
type Provider struct {
	Name        string // of the block
	Type        string // of the block
	DisplayName string // for users
	Issuer      string // the first of the accepted iss

	Recognizes provider.TokenKind // recognizes the callers of requests

	driver                   provider.Driver
	rules                    provider.Rules
	issuers                  []string // accepted iss
	state                    string   // config.StateActive, …
	trustsEmail, trustsPhone bool
	skew                     time.Duration
	maxAge                   time.Duration // of a token at login; zero: no limit
	now                      func() time.Time
	closeIdle                func()

	verifiers [2]*jwt.Verifier               // by token kind; nil: not verified
	logouts   *jwt.Verifier                  // of logout tokens; nil: not accepted
	requests  *jwt.Cache[*identity.Identity] // of tokens of requests
}

// Refresher returns nil if the driver cannot refresh.
func (p *Provider) Refresher() provider.Refresher {
	refresher, _ := p.driver.(provider.Refresher)
	return refresher
}

// CodeFlow returns nil if the driver cannot sign users in by redirects.
func (p *Provider) CodeFlow() provider.CodeFlow {
	flow, _ := p.driver.(provider.CodeFlow)
	return flow
}

// Routes returns the driver's own routes, nil if it has none.
func (p *Provider) Routes() web.Handler {
	if own, ok := p.driver.(provider.Routes); ok {
		return own.Routes()
	}
	return nil
}

// login verifies the tokens of a sign-in. A token of a kind that suffices for it
// is required; all that have rules must be valid. The error is TokenExpired only
// if nothing else is wrong with any.
func (p *Provider) login(ctx context.Context, tokens provider.Tokens, checkNonce nonceCheck) (identity.Identity, error) {
	if err := p.checkEnabled(); err != nil {
		return identity.Identity{}, err
	}
	if !slices.ContainsFunc(tokenKinds, func(kind provider.TokenKind) bool { return p.suffices(kind) && tokens.Of(kind) != "" }) {
		return identity.Identity{}, autherr.New(autherr.InvalidRequest, "missing_token")
	}
	id, verified, err := p.signIn(ctx, tokens, checkNonce)
	if err != nil {
		return identity.Identity{}, err
	}
	if id, err = p.withUserInfo(ctx, verified, tokens.AccessToken, id); err != nil {
		return identity.Identity{}, err
	}
	return p.atPresent(id), nil
}

// nonceCheck compares the nonce of an ID token with the one of the sign-in; nil:
// they are not compared. See [provider.Rules].
type nonceCheck = func(id token.Claims, nonce string) error

// signIn verifies tokens of a user, and maps their claims.
func (p *Provider) signIn(
	ctx context.Context, tokens provider.Tokens, checkNonce nonceCheck,
) (*identity.Identity, provider.Verified, error) {
	verified, late, err := p.verify(ctx, tokens)
	if err != nil {
		return nil, verified, err
	}
	if checkNonce != nil {
		if err := checkNonce(verified.IDToken, tokens.Nonce); err != nil {
			return nil, verified, err
		}
	}
	id, err := p.identify(verified)
	switch {
	case err != nil:
		return nil, verified, err
	case id.Machine:
		return nil, verified, autherr.New(autherr.MachineCaller, "machine_login")
	case late != nil:
		return nil, verified, late
	}
	return id, verified, nil
}

var tokenKinds = []provider.TokenKind{provider.AccessToken, provider.IDToken}

// suffices reports whether a token of that kind suffices for a login.
func (p *Provider) suffices(kind provider.TokenKind) bool { return suffices(p.rules, kind) }

func suffices(r provider.Rules, kind provider.TokenKind) bool {
	rules := r.Of(kind)
	return rules != nil && (rules.Login || r.AccessToken == nil || r.IDToken == nil)
}

// verify verifies the tokens of the kinds that have rules. late is the error if
// they are valid but too old.
func (p *Provider) verify(ctx context.Context, tokens provider.Tokens) (verified provider.Verified, late, err error) {
	for _, kind := range tokenKinds {
		if tokens.Of(kind) == "" || p.verifiers[kind] == nil {
			continue
		}
		claims, tooOld, err := p.verifyOne(ctx, kind, tokens.Of(kind))
		if err != nil {
			return provider.Verified{}, nil, err
		}
		if late == nil {
			late = tooOld
		}
		setClaims(&verified, kind, claims)
	}
	if err := belongTogether(verified, tokens.AccessToken); err != nil {
		return provider.Verified{}, nil, err
	}
	return verified, late, nil
}

// belongTogether returns nil if the tokens of one login are of one user.
func belongTogether(v provider.Verified, accessToken string) error {
	access, id := v.AccessToken, v.IDToken
	switch {
	case access.Subject != "" && id.Subject != "" && access.Issuer != id.Issuer:
		return invalid("issuers_differ")
	case access.Subject != "" && id.Subject != "" && access.Subject != id.Subject:
		return invalid("subjects_differ")
	case accessToken != "" && !matchesHash(id, accessToken):
		return invalid("wrong_access_token_hash")
	}
	return nil
}

// verifyOne verifies one token of a login.
func (p *Provider) verifyOne(ctx context.Context, kind provider.TokenKind, raw string) (c token.Claims, late, err error) {
	c, err = p.verifiers[kind].Verify(ctx, raw)
	switch {
	case err == nil:
		return c, p.checkAge(c.IssuedAt), nil
	case autherr.CodeOf(err) == autherr.TokenExpired:
		return c, err, nil
	default:
		return token.Claims{}, nil, err
	}
}

func setClaims(v *provider.Verified, kind provider.TokenKind, c token.Claims) {
	if kind == provider.IDToken {
		v.IDToken = c
	} else {
		v.AccessToken = c
	}
}

// checkAge returns TokenExpired if a token that was issued at that time is too
// old for a login, in whole seconds as tokens count. The clock skew is not
// added: it would lengthen login_max_age.
func (p *Provider) checkAge(issuedAt time.Time) error {
	if p.maxAge == 0 || p.now().Truncate(time.Second).Sub(issuedAt) <= p.maxAge {
		return nil
	}
	return autherr.New(autherr.TokenExpired, "older_than_login_max_age")
}

// authenticate verifies the token that recognizes the caller of a request.
func (p *Provider) authenticate(ctx context.Context, raw string) (identity.Identity, error) {
	if err := p.checkEnabled(); err != nil {
		return identity.Identity{}, err
	}
	id, err := p.requests.Verify(ctx, raw)
	if err != nil {
		return identity.Identity{}, err
	}
	return p.atPresent(id), nil
}

// identifyOne returns the identity of a request's token.
func (p *Provider) identifyOne(c token.Claims) (*identity.Identity, error) {
	var v provider.Verified
	setClaims(&v, p.Recognizes, c)
	return p.identify(v)
}

// atPresent returns the identity without a sign-in time that is in the future.
func (p *Provider) atPresent(id *identity.Identity) identity.Identity {
	present := *id
	if !id.AuthenticatedAt.IsZero() && id.AuthenticatedAt.Unix() > p.now().Add(p.skew).Unix() {
		present.AuthenticatedAt = time.Time{}
	}
	return present
}

// identify returns the identity that the driver maps verified claims to, with the
// fields that the kit decides. A driver's error has code Internal.
func (p *Provider) identify(v provider.Verified) (*identity.Identity, error) {
	id, err := p.driver.Identify(v)
	if err != nil {
		return nil, err
	}
	if err := p.checkIdentity(id, p.identifying(v)); err != nil {
		return nil, autherr.Wrap(autherr.Internal, "bad_identity", fmt.Errorf("provider %q returned an identity %w", p.Name, err))
	}
	id.Provider = p.Name
	id.Machine = p.isMachine(v)
	id.Audience = p.identifying(v).Audience
	id.IssuedAt = firstIssue(v)
	id.ExpiresAt = cmp.Or(v.Of(p.Recognizes).ExpiresAt, p.identifying(v).ExpiresAt)
	id.ProviderSession = providerSession(v)
	id.Email = withTrust(id.Email, p.trustsEmail)
	id.Phone = withTrust(id.Phone, p.trustsPhone)
	return &id, nil
}

// identifying returns the claims of the token that identifies the user.
func (p *Provider) identifying(v provider.Verified) token.Claims {
	if v.IDToken.Subject != "" && (p.suffices(provider.IDToken) || v.AccessToken.Subject == "") {
		return v.IDToken
	}
	return v.AccessToken
}

// firstIssue returns the iat of the older token: a revocation of the user's
// sessions in between applies to the login.
func firstIssue(v provider.Verified) time.Time {
	access, id := v.AccessToken.IssuedAt, v.IDToken.IssuedAt
	if access.IsZero() || !id.IsZero() && id.Before(access) {
		return id
	}
	return access
}

// withTrust returns a contact as what it is worth from a provider with or
// without trust.
func withTrust(c identity.Contact, trusted bool) identity.Contact {
	if !trusted {
		c.Verification = identity.Unverified
	}
	return c
}

// checkIdentity returns an error for an identity that no driver may return. The
// error contains none of its values, which may be a client's choice.
func (p *Provider) checkIdentity(id identity.Identity, claims token.Claims) error {
	switch {
	case id.Issuer != claims.Issuer:
		return errors.New("whose issuer is not the token's")
	case !identity.IsSubject(id.Subject):
		return errors.New("whose subject is not 1 to 255 printable ASCII characters without outer spaces")
	case !p.isSubject(id.Subject, claims):
		return errors.New("whose subject is not the claim that its rules name")
	case !isContact(id.Email, identity.IsEmail):
		return errors.New("whose email is neither empty nor an email address")
	case !isContact(id.Phone, identity.IsPhone):
		return errors.New("whose phone is neither empty nor a phone number in E.164 form")
	case id.AuthMethod != "" && !identity.IsAuthMethod(id.AuthMethod):
		return errors.New("whose authentication method is not 1 to 64 printable ASCII characters without outer spaces")
	case !utf8.ValidString(id.Identifier) || strings.ContainsRune(id.Identifier, 0):
		return errors.New("whose identifier is not valid UTF-8 without NUL")
	default:
		return nil
	}
}

// isSubject reports whether the claim that the rules name is that subject.
func (p *Provider) isSubject(subject string, claims token.Claims) bool {
	found, _ := claims.String(p.rules.SubjectClaim)
	return found == subject
}

// isContact reports whether a contact is empty, or valid with a known
// verification.
func isContact(c identity.Contact, isValid func(string) bool) bool {
	if c.Value == "" {
		return c == identity.Contact{}
	}
	return isValid(c.Value) && !c.Unknown && c.Verification >= identity.Unverified && c.Verification <= identity.KeepStored
}
