package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// DriverFromContext returns a driver with which an application's ent client works in
// the transaction of a hook, given the hook's context. It returns false for any other
// context, and where the store is not one of this package.
//
//	driver, ok := entstore.DriverFromContext(ctx)
//	client := ent.NewClient(ent.Driver(driver))
//
// The driver never commits or rolls back, even if ent begins and ends a
// transaction by itself, for example in UpdateOne.
func DriverFromContext(ctx context.Context) (dialect.Driver, bool) {
	driver, ok := ctx.Value(driverKey{}).(txDriver)
	return driver, ok
}

// driverKey is the context key of the driver of a transaction.
type driverKey struct{}

func newTxDriver(d Dialect, tx *sql.Tx) txDriver {
	return txDriver{entsql.NewDriver(d.Name, entsql.Conn{ExecQuerier: tx})}
}

type txDriver struct{ *entsql.Driver }

// Tx returns the current transaction.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

// clientOn returns the kit's ent client on a transaction.
func clientOn(tx *sql.Tx, d Dialect) *entgen.Client {
	return entgen.NewClient(entgen.Driver(newTxDriver(d, tx)))
}
