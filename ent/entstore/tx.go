package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// TxDriver returns a driver with which an application's ent client works in the
// transaction of an OnRegister hook.
//
//	client := ent.NewClient(ent.Driver(entstore.TxDriver(sqlite.Dialect(), tx)))
//
// The driver never commits or rolls back, even if ent begins and ends a
// transaction by itself, for example in UpdateOne.
func TxDriver(d Dialect, tx *sql.Tx) dialect.Driver {
	return txDriver{entsql.NewDriver(d.Name, entsql.Conn{ExecQuerier: tx})}
}

type txDriver struct{ *entsql.Driver }

// Tx returns the current transaction.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

// clientOn returns the kit's ent client on a transaction.
func clientOn(tx *sql.Tx, d Dialect) *entgen.Client {
	return entgen.NewClient(entgen.Driver(TxDriver(d, tx)))
}
