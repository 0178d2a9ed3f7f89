// Package jwt verifies signed tokens: JWS in the compact form (RFC 7515) that
// contain a JWT (RFC 7519), against keys that the issuer publishes (RFC 7517).
//
// A [Verifier] applies one [Policy]. The keys come from a [token.KeySet], which is
// either fixed ([Static], [StaticJWKS]) or fetched ([RemoteKeySet]). A token's
// own header never selects a source of keys.
//
// A token is parsed strictly before any library receives it: at most 32 KiB,
// three segments of canonical unpadded base64url, header and claims that are
// JSON objects without duplicate members, one algorithm of the policy, no
// critical extension. The library only parses keys and checks signatures.
//
// # Limits
//
// The package does not decrypt (JWE), does not support the JSON serialization,
// does not check nonces, and does not prevent replay: a token is accepted until
// it expires, however often it is presented. A [Cache] stores that a token is
// valid, never that it was used.
//
// # Errors
//
// Every error has a code of package autherr. A fault of the token is
// InvalidToken, or TokenExpired if expiry is its only fault. If the keys cannot
// be fetched, the code is TemporarilyUnavailable.
package jwt
