package entstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// The users that have a contact. Each part goes along an index, which an OR would
// not. An older program writes no email_folded, and does not change it with the
// email: the caller compares the contact itself.
const (
	selectByEmail = `SELECT user_id, email FROM auth_identities WHERE email_folded = ?
		UNION ALL SELECT user_id, email FROM auth_identities WHERE email_folded IS NULL AND LOWER(email) = ?`
	selectByPhone = `SELECT user_id, phone FROM auth_identities WHERE phone = ?`
)

// The ids of the candidates of a page, by the condition that fewest users fulfill.
const (
	pageOfAll        = `SELECT id AS user_id FROM auth_users WHERE id > ? ORDER BY id LIMIT ?`
	pageByExternalID = `SELECT id AS user_id FROM auth_users WHERE id > ? AND external_id = ? ORDER BY id LIMIT ?`
	selectOwners     = `SELECT DISTINCT user_id FROM auth_identities WHERE user_id > ? AND `
	byOwner          = ` ORDER BY user_id LIMIT ?`
	pageByEmail      = selectOwners + `email_folded = ? UNION ` + selectOwners + `email_folded IS NULL AND LOWER(email) = ?` + byOwner
	pageByPhone      = selectOwners + `phone = ?` + byOwner
	pageByProvider   = selectOwners + `provider = ?` + byOwner
)

// candidates returns the statement of a page of users, among them all that the query
// selects, and its arguments.
func candidates(q account.Query) (page string, args []any) {
	switch folded := identity.FoldEmail(q.Email); {
	case q.ExternalID != "":
		return pageByExternalID, []any{q.After, q.ExternalID, q.Limit}
	case q.Email != "":
		return pageByEmail, []any{q.After, folded, q.After, folded, q.Limit}
	case q.Phone != "":
		return pageByPhone, []any{q.After, q.Phone, q.Limit}
	case q.Provider != "":
		return pageByProvider, []any{q.After, q.Provider, q.Limit}
	}
	return pageOfAll, []any{q.After, q.Limit}
}

// isSelected reports whether the query selects a user by the identity that it has.
func isSelected(u identity.User, q account.Query) bool {
	return (q.ExternalID == "" || u.ExternalID == q.ExternalID) &&
		(q.Email == "" || identity.FoldEmail(u.Email) == identity.FoldEmail(q.Email)) &&
		(q.Phone == "" || u.Phone == q.Phone) &&
		(q.Provider == "" || u.Provider == q.Provider)
}

// List implements account.Store.
func (a *accounts) List(ctx context.Context, q account.Query) ([]identity.User, error) {
	for _, text := range []string{q.Email, q.Phone, q.ExternalID, q.Provider} {
		if !isText(text) {
			return nil, nil
		}
	}
	var users []identity.User
	for limit, more := q.Limit, true; more && len(users) < limit; {
		q.Limit = limit - len(users)
		page, last, err := a.page(ctx, q)
		if err != nil {
			return nil, err
		}
		users = append(users, page...)
		more, q.After = last != q.After, last
	}
	return users, nil
}

// page returns those of the next candidates that the query selects, and the last
// candidate; q.After if there is none.
func (a *accounts) page(ctx context.Context, q account.Query) (users []identity.User, last identity.UserID, err error) {
	last = q.After
	page, args := candidates(q)
	rows, err := a.pool.QueryContext(ctx, a.dialect.placeholders(
		selectUser+` JOIN (`+page+`) AS page ON page.user_id = u.id ORDER BY u.id, `+latestFirst), args...)
	if err != nil {
		return nil, last, fmt.Errorf("entstore: listing users: %w", err)
	}
	defer rows.Close() //nolint:errcheck // what went wrong is in rows.Err
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, last, err
		}
		last = u.ID
		isListed := len(users) > 0 && users[len(users)-1].ID == u.ID
		if !isListed && isSelected(u, q) {
			users = append(users, u)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, last, fmt.Errorf("entstore: listing users: %w", err)
	}
	return users, last, nil
}

func compareIDs(a, b identity.UserID) int { return bytes.Compare(a[:], b[:]) }
