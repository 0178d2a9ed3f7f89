package faultdriver

import (
	"database/sql/driver"
	"errors"
	"io"
)

// lostRows are the rows of a query whose connection was lost before the first
// row.
type lostRows struct{ columns []string }

func (r lostRows) Columns() []string       { return r.columns }
func (lostRows) Next([]driver.Value) error { return ErrLost }
func (lostRows) Close() error              { return nil }

// drain reads all rows, since some databases work while they are read.
func drain(rows driver.Rows) error {
	values := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return rows.Close()
		case err != nil:
			return errors.Join(err, rows.Close())
		}
	}
}
