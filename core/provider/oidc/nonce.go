package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/token"
)

// The values of Settings.Nonce and Settings.NonceForm.
const (
	nonceOff      = "off"
	nonceRequired = "required"
	noncePlain    = "plain"
	nonceSHA256   = "sha256"
)

// checkNonce compares the nonce of an ID token with the one that the front end
// posted (OpenID Connect Core 1.0, section 3.1.3.7, step 11). A posted nonce must
// match even if none is required.
func (s Settings) checkNonce(id token.Claims, posted string) error {
	signed, _ := id.String("nonce")
	switch {
	case posted == "" && s.Nonce != nonceRequired:
		return nil
	case posted == "" || signed == "":
		return invalid("missing_nonce")
	case s.NonceForm == nonceSHA256 && !isSHA256(signed, posted):
		return invalid("wrong_nonce").WithValues(digestOf(posted), signed) // what was posted is a secret
	case s.NonceForm != nonceSHA256 && signed != posted:
		return invalid("wrong_nonce").WithValues(posted, signed)
	default:
		return nil
	}
}

// digestOf returns the SHA-256 of the text in base64url.
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isSHA256 reports whether digest is the SHA-256 of the text in base64url or in
// hex.
func isSHA256(digest, text string) bool {
	sum := sha256.Sum256([]byte(text))
	return strings.TrimRight(digest, "=") == digestOf(text) ||
		strings.ToLower(digest) == hex.EncodeToString(sum[:])
}

func (s Settings) nonceProblems() []config.Problem {
	var problems []config.Problem
	if s.Nonce != nonceOff && s.Nonce != nonceRequired {
		problems = append(problems, config.Problem{Argument: "nonce", Message: `must be "off" or "required"`})
	}
	if s.NonceForm != noncePlain && s.NonceForm != nonceSHA256 {
		problems = append(problems, config.Problem{Argument: "nonce_form", Message: `must be "plain" or "sha256"`})
	}
	if s.Nonce == nonceRequired && s.NonceForm == noncePlain {
		problems = append(problems, config.Problem{
			Argument: "nonce",
			Message:  `detects a token of another login only: a client that has the token can read its nonce and post both. With nonce_form = "sha256" the token contains a digest, and the client that posts it proves that it began the login`,
			Warning:  true,
		})
	}
	return problems
}
