package provider

import "context"

// CodeFlow is the ability to sign users in by redirects: the authorization code flow
// with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636). Its provider must have
// rules for ID tokens.
//
// The kit creates state, nonce and verifier, binds them to the browser, and verifies
// the tokens as those of a login. Whatever the Rules contain, it demands an ID token
// with the nonce of the flow.
type CodeFlow interface {
	// AuthCodeURL returns the address to which the browser is redirected. namesIssuer
	// reports whether the provider announces that it redirects back with the parameter
	// iss, which the kit then demands (RFC 9207).
	//
	// Errors by code: TemporarilyUnavailable if the provider cannot be reached.
	AuthCodeURL(ctx context.Context, r AuthRequest) (address string, namesIssuer bool, err error)

	// Exchange exchanges a code for tokens. It sends the code once.
	//
	// Errors by code: InvalidToken if the provider refuses the code,
	// TemporarilyUnavailable if it cannot be reached or fails. No error contains the
	// code, the verifier or a token.
	Exchange(ctx context.Context, code, verifier, redirectURI string) (Tokens, error)
}

// AuthRequest is the beginning of a [CodeFlow].
type AuthRequest struct {
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // whose SHA-256 is the code challenge

	// Parameters of the request for the flow, "" if it has none. They are a client's
	// choice: printable ASCII.
	Prompt, MaxAge, ACRValues string
}
