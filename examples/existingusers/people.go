package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cotterpin/cotterpin/core/identity"
)

// person is a row of the table users.
type person struct {
	id    string
	taken bool // a user of the kit has the row
}

// peopleByEmail returns the rows with an email address, ignoring the case of ASCII
// letters. The database may ignore other differences too, so it only preselects.
func peopleByEmail(ctx context.Context, tx *sql.Tx, email string) (people []person, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT users.id, users.email, auth_users.id IS NOT NULL
		FROM users LEFT JOIN auth_users ON auth_users.external_id = CAST(users.id AS text)
		WHERE lower(users.email) = lower($1)`, email)
	if err != nil {
		return nil, fmt.Errorf("people by email address: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err returns the error
	for rows.Next() {
		var p person
		var stored string
		if err := rows.Scan(&p.id, &stored, &p.taken); err != nil {
			return nil, fmt.Errorf("people by email address: %w", err)
		}
		if identity.FoldEmail(stored) == identity.FoldEmail(email) {
			people = append(people, p)
		}
	}
	return people, rows.Err()
}

// addPerson inserts a row for a new customer.
func addPerson(ctx context.Context, tx *sql.Tx, email string) ([]person, error) {
	var p person
	err := tx.QueryRowContext(ctx, "INSERT INTO users (email, name) VALUES ($1, $1) RETURNING id", email).Scan(&p.id)
	if err != nil {
		return nil, fmt.Errorf("add a person: %w", err)
	}
	return []person{p}, nil
}
