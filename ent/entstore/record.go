package entstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

func createSession(ctx context.Context, client *entgen.Client, r session.Record) error {
	claims, err := encodeClaims(r.Claims)
	if err != nil {
		return err
	}
	return client.Session.Create().
		SetID(r.ID).
		SetLookup(r.Lookup[:]).
		SetSecretHash(r.SecretHash[:]).
		SetUserID(r.UserID).
		SetIdentityID(r.IdentityID).
		SetProvider(r.Provider).
		SetIssuer(r.Issuer).
		SetSubject(r.Subject).
		SetAuthMethod(r.AuthMethod).
		SetTransport(r.Transport).
		SetNillableClaims(claims).
		SetCreatedMs(toMillis(r.CreatedAt)).
		SetNillableAuthenticatedMs(toNullMillis(r.AuthenticatedAt)).
		SetLastSeenMs(toMillis(r.LastSeenAt)).
		SetNillableIdleExpiresMs(toNullMillis(r.IdleExpiresAt)).
		SetExpiresMs(toMillis(r.ExpiresAt)).
		SetNillableRevokedMs(toNullMillis(r.RevokedAt)).
		SetRevokeReason(r.RevokeReason).
		SetUserAgent(r.UserAgent).
		SetAddress(r.Address).
		Exec(ctx)
}

// scanSession reads the columns of selectSession.
func scanSession(row *sql.Row) (session.Record, session.Owner, error) {
	var (
		s                   entgen.Session
		disabled, notBefore *int64
	)
	err := row.Scan(
		&s.ID, &s.Lookup, &s.SecretHash, &s.UserID, &s.IdentityID,
		&s.Provider, &s.Issuer, &s.Subject, &s.AuthMethod, &s.Transport, &s.Claims,
		&s.CreatedMs, &s.AuthenticatedMs, &s.LastSeenMs, &s.IdleExpiresMs, &s.ExpiresMs,
		&s.RevokedMs, &s.RevokeReason, &s.UserAgent, &s.Address,
		&disabled, &notBefore,
	)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return session.Record{}, session.Owner{}, session.ErrNotFound
	case err != nil:
		return session.Record{}, session.Owner{}, fmt.Errorf("entstore: reading a session: %w", err)
	}
	r, err := toRecord(&s)
	return r, session.Owner{Disabled: disabled != nil, NotBefore: fromNullMillis(notBefore)}, err
}

func toRecord(s *entgen.Session) (session.Record, error) {
	claims, err := decodeClaims(s.Claims)
	if err != nil {
		return session.Record{}, err
	}
	return session.Record{
		Lookup:          session.Lookup(s.Lookup),
		SecretHash:      [32]byte(s.SecretHash),
		ID:              s.ID,
		UserID:          s.UserID,
		IdentityID:      s.IdentityID,
		Provider:        s.Provider,
		Issuer:          s.Issuer,
		Subject:         s.Subject,
		AuthMethod:      s.AuthMethod,
		Transport:       s.Transport,
		Claims:          claims,
		CreatedAt:       fromMillis(s.CreatedMs),
		AuthenticatedAt: fromNullMillis(s.AuthenticatedMs),
		LastSeenAt:      fromMillis(s.LastSeenMs),
		IdleExpiresAt:   fromNullMillis(s.IdleExpiresMs),
		ExpiresAt:       fromMillis(s.ExpiresMs),
		RevokedAt:       fromNullMillis(s.RevokedMs),
		RevokeReason:    s.RevokeReason,
		UserAgent:       s.UserAgent,
		Address:         s.Address,
	}, nil
}

// encodeClaims and decodeClaims translate kept claims to a JSON object and
// back. No claims are null in the database. Numbers keep their digits.
func encodeClaims(claims map[string]any) (*string, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("entstore: encoding claims: %w", err)
	}
	return new(string(text)), nil
}

func decodeClaims(text *string) (map[string]any, error) {
	if text == nil {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(*text))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("entstore: decoding claims: %w", err)
	}
	for name, value := range claims {
		if list, ok := value.([]any); ok {
			claims[name] = texts(list)
		}
	}
	return claims, nil
}

// texts returns a list of texts, which is the only kind of list that is kept.
func texts(list []any) []string {
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i], _ = value.(string)
	}
	return texts
}
