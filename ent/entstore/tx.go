package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// TxDriver returns a driver for an application's own ent client in an
// OnRegister hook: what the client does is done in the hook's transaction.
//
//	client := ent.NewClient(ent.Driver(entstore.TxDriver(sqlite.Dialect(), tx)))
//
// The driver neither commits nor rolls back, also where ent begins and ends a
// transaction by itself, as its UpdateOne does.
func TxDriver(d Dialect, tx *sql.Tx) dialect.Driver {
	return txDriver{entsql.NewDriver(d.Name, entsql.Conn{ExecQuerier: tx})}
}

type txDriver struct{ *entsql.Driver }

// Tx returns the transaction that is under way.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

// clientOn returns the kit's own client on a transaction.
func clientOn(tx *sql.Tx, d Dialect) *entgen.Client {
	return entgen.NewClient(entgen.Driver(TxDriver(d, tx)))
}
