package emulator

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"time"
)

// legacySigner signs Cotter's `token`, an older proof of sign-in that back ends
// should ignore. Its key is new at each start.
type legacySigner struct {
	apiKeyID string
	public   ed25519.PublicKey
	private  ed25519.PrivateKey
}

func newLegacySigner(apiKeyID string) legacySigner {
	public, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return legacySigner{apiKeyID: apiKeyID, public: public, private: private}
}

// legacyToken is the older proof. Its timestamps are Unix seconds as strings.
type legacyToken struct {
	IdentifierID   string `json:"identifier_id"`
	Identifier     string `json:"identifier"`
	IdentifierType string `json:"identifier_type"`
	Receiver       string `json:"receiver"`
	Timestamp      string `json:"timestamp"`
	ExpireAt       string `json:"expire_at"`
	Signature      string `json:"signature"`
}

func (s legacySigner) sign(identifierID, identifier, identifierType string, now time.Time) legacyToken {
	expireAt := strconv.FormatInt(now.Add(refreshLifetime).Unix(), 10)
	signed := identifier + identifierType + s.apiKeyID + expireAt
	return legacyToken{
		IdentifierID:   identifierID,
		Identifier:     identifier,
		IdentifierType: identifierType,
		Receiver:       s.apiKeyID,
		Timestamp:      strconv.FormatInt(now.Unix(), 10),
		ExpireAt:       expireAt,
		Signature:      base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, []byte(signed))),
	}
}

func (s legacySigner) publicKey() string {
	return base64.StdEncoding.EncodeToString(s.public)
}
