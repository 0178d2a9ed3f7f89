package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
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

// errURL has no cause, because the driver's error repeats parts of the URL.
var errURL = errors.New("postgres: url " + wantURL + ", and parameters that libpq supports")

// checkURL returns a description of a malformed URL, or "". It rejects a name
// that contains "@": the rest of a password with a slash, which the driver's
// errors would repeat.
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

// OpenPool returns a pool with the kit's connection settings, for a program that
// queries the same database. It connects on first use. Errors do not contain the
// URL.
func OpenPool(url config.Secret) (*sql.DB, error) {
	connector, err := Connector(url)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Connector returns the connector of [OpenPool], for a program that wraps
// connections, for example to trace statements.
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

// overrideDefaults overrides defaults of the server, the database and the role.
// It executes a statement, since poolers reject unknown parameters in the
// startup message.
//
// It has the timeout of connecting: the pool opens some connections without a
// deadline, and an unresponsive server would block them forever.
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

// address returns the hosts and ports of a URL, for messages.
func address(url config.Secret) string {
	parsed, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return "the server"
	}
	addresses := []string{net.JoinHostPort(parsed.Host, strconv.Itoa(int(parsed.Port)))}
	for _, f := range parsed.Fallbacks {
		if other := net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))); !slices.Contains(addresses, other) {
			addresses = append(addresses, other)
		}
	}
	return strings.Join(addresses, ", ")
}
