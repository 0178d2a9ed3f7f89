package identity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// A09.
func TestUser_JSON(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_800_000_000_123).UTC()
	got, err := json.Marshal(identity.User{
		ID: uuid.UUID{15: 1}, IdentityID: uuid.UUID{15: 2}, Key: identity.Key{Issuer: "https://issuer.example", Subject: "ada"},
		Provider: "cotter", Identifier: "ada@example.com", Email: "ada@example.com", EmailVerified: true, CreatedAt: at, LastLoginAt: at,
	})
	const want = `{"id":"00000000-0000-0000-0000-000000000001","external_id":"","identity_id":"00000000-0000-0000-0000-000000000002",` +
		`"issuer":"https://issuer.example","subject":"ada","provider":"cotter","identifier":"ada@example.com",` +
		`"email":"ada@example.com","email_verified":true,"phone":"","phone_verified":false,` +
		`"created_at":"2027-01-15T08:00:00.123Z","last_login_at":"2027-01-15T08:00:00.123Z","disabled":false}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s (error %v)\nwant %s", got, err, want)
	}
}
