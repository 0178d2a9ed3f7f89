package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

// members are the members of a JSON object, which are written in alphabetical
// order as Cotter writes them.
type members map[string]any

// altered returns the members with changes applied: null removes, anything else
// is set.
func (m members) altered(changes strictjson.Object) members {
	for _, name := range changes.Names() {
		value, _ := changes.Lookup(name)
		if value.IsNull() {
			delete(m, name)
		} else {
			m[name] = json.RawMessage(value)
		}
	}
	return m
}

// sign returns a token signed with ES256 whatever the header says, but for the
// two algorithms that are attacks: "none" has an empty signature, and "HS256"
// takes the public key, as PEM, for the secret.
func (k *signingKey) sign(header, claims members) (string, error) {
	signed, err := token.SignES256(k.private, header, claims)
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}
	input := signed[:strings.LastIndexByte(signed, '.')]
	switch algorithmIn(header) {
	case "none":
		return input + ".", nil
	case "HS256":
		mac, err := k.hs256(input)
		return input + "." + base64.RawURLEncoding.EncodeToString(mac), err
	default:
		return signed, nil
	}
}

func (k *signingKey) hs256(input string) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("emulator: encode a public key: %w", err)
	}
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(input))
	return mac.Sum(nil), nil
}

// algorithmIn returns the header's alg, "" if it is not a string.
func algorithmIn(header members) string {
	switch alg := header["alg"].(type) {
	case string:
		return alg
	case json.RawMessage:
		text, _ := strictjson.Value(alg).String()
		return text
	default:
		return ""
	}
}
