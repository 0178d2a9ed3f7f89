package emulator

import (
	"context"
	"net/http"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// workerResult is the response of Cotter's worker: whether a token is valid,
// without its user.
type workerResult struct {
	Success bool   `json:"success"`
	Reason  string `json:"reason,omitempty"`
}

// verifyToken is Cotter's worker. Like Cotter, it ignores the type of the token,
// and checks the audience only if the request has an API key.
func (e *Emulator) verifyToken(ctx context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	raw := workerToken(body)
	peeked, _ := jwt.Peek(raw)
	audience := peeked.Claims.Audience
	if key := r.First("Api_key_id"); key != "" {
		audience = []string{key}
	}
	if err := e.checkToken(ctx, raw, audience); err != nil {
		return web.JSON(http.StatusOK, workerResult{Reason: workerReason(err)}), nil
	}
	return web.JSON(http.StatusOK, workerResult{Success: true}), nil
}

func workerToken(body strictjson.Object) string {
	value, _ := body.Lookup("oauth_token")
	tokens, _ := value.Object()
	return stringIn(tokens, "access_token")
}

func (e *Emulator) checkToken(ctx context.Context, raw string, audience []string) error {
	verifier, err := jwt.NewVerifier(jwt.Policy{
		Keys:          e.keys,
		Issuer:        e.options.IssuerURL,
		Audience:      audience,
		Algorithms:    []string{"ES256"},
		KeyIDRequired: true,
		Now:           e.clock.now,
	})
	if err != nil {
		return err
	}
	_, err = verifier.Verify(ctx, raw)
	return err
}

func workerReason(err error) string {
	if autherr.ReasonOf(err) == "bad_signature" {
		return "Error: Invalid JWT Signature"
	}
	return "Error: Invalid JWT token"
}
