package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/cotterpin/cotterpin/core/config"
)

const connectTimeout = 5 * time.Second

const wantURL = "must be a URL such as postgres://user:password@host:5432/name, " +
	"with special characters of the password percent-encoded"

// errURL has no cause, because that of the driver repeats parts of the URL.
var errURL = errors.New("postgres: url " + wantURL + ", and parameters as libpq knows them")

// checkURL returns what is wrong with the form of a URL; "" if nothing is. Of a
// password with a slash, the rest would be the name of the database, which the
// driver's errors show.
func checkURL(url config.Secret) string {
	scheme, rest, _ := strings.Cut(url.Reveal(), "://")
	beforeQuery, _, _ := strings.Cut(rest, "?")
	_, name, _ := strings.Cut(beforeQuery, "/")
	switch {
	case url.IsZero():
		return "must not be empty: it " + wantURL
	case scheme != "postgres" && scheme != "postgresql", strings.Contains(name, "@"):
		return wantURL
	}
	return ""
}

// OpenPool returns a pool whose connections are made as the kit makes them, for
// a program with queries of its own to the same database. It connects when it
// is first used. Errors do not show the URL.
func OpenPool(url config.Secret) (*sql.DB, error) {
	connector, err := Connector(url)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Connector returns what makes the connections of [OpenPool], for a program
// that wraps them, to trace them say.
func Connector(url config.Secret) (driver.Connector, error) {
	config, err := pgx.ParseConfig(url.Reveal())
	if err != nil || checkURL(url) != "" {
		return nil, errURL
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "cotterpin"
	}
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return stdlib.GetConnector(*config, stdlib.OptionAfterConnect(overrideDefaults)), nil
}

// overrideDefaults sets what the defaults of the server, the database or the
// role could make different. It is a statement, since poolers refuse unknown
// parameters of the start-up message.
//
// It is a part of connecting, and bounded as the rest: the pool makes some
// connections on behalf of nobody, and a server that is silent would keep them
// for ever.
func overrideDefaults(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, conn.Config().ConnectTimeout)
	defer cancel()
	err := conn.PgConn().Exec(ctx, "SET TIME ZONE 'UTC'; "+
		"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED").Close()
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}
