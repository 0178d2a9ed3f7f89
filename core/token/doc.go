// Package token verifies signed tokens: JWS in the compact form (RFC 7515) that
// hold a JWT (RFC 7519), against keys that the issuer publishes (RFC 7517).
//
// A [Verifier] applies one [Policy]; the keys come from a [KeySet], which is
// either fixed ([Static], [StaticJWKS]) or fetched ([RemoteKeySet]). A token's
// own header never names a source of keys.
//
// Before any library sees a token, it is read strictly: at most [MaxSize]
// bytes, three segments of exact unpadded base64url, headers and claims that
// are JSON objects as package strictjson takes them, one algorithm of the
// policy, no critical extension. A library then does the cryptography, and the
// parsing of keys, only.
//
// # What it does not do
//
// It does not decrypt (JWE), does not speak the JSON serialization, does not
// know nonces, and does not spend tokens: the same token is right as often as
// it is presented, until it expires. A [Cache] remembers that a token is right,
// never that it was used.
//
// # Errors
//
// Every error has a code of package autherr. A fault of the token is
// InvalidToken (TokenExpired if the lifetime is the only fault); keys that
// could not be looked at are TemporarilyUnavailable.
package token
