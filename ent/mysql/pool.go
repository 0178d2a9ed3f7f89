package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/internal/dburl"
)

const (
	connectTimeout = 5 * time.Second
	defaultPort    = "3306"
)

var form = dburl.Form{Schemes: []string{"mysql"}, Example: "mysql://user:password@host:3306/name"} //nolint:gosec // an example

// Errors about a URL contain no part of the URL: a password that was not encoded
// may end up in any part.
var (
	errURL   = errors.New(form.Want())
	errQuery = errors.New(`has a parameter that it cannot have: the only one is tls, ` +
		`which is "true", "preferred", "skip-verify" or "false"`)
)

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
// connections, for example to trace statements. Before it connects, it reloads the
// URL; while that fails, it uses the one before.
func Connector(url config.Secret) (driver.Connector, error) {
	return dburl.NewConnector(url, connectorTo)
}

// connectorTo returns the driver's connector to a URL that does not change.
func connectorTo(url config.Secret) (driver.Connector, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("mysql: url %w", err)
	}
	plain, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	return connector{plain}, nil
}

// parseURL translates a URL to the driver's configuration.
func parseURL(secret config.Secret) (*mysql.Config, error) {
	if problem := form.Problem(secret.Reveal()); problem != "" {
		return nil, errors.New(problem)
	}
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Hostname() == "" || u.User.Username() == "" {
		return nil, errURL
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" || strings.Contains(name, "/") || u.Fragment != "" {
		return nil, errURL
	}
	tls, err := parseQuery(u.RawQuery)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net = "tcp"
	config.Addr = u.Host
	if u.Port() == "" {
		config.Addr = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	config.DBName = name
	config.TLSConfig = tls
	applyDefaults(config)
	return config, nil
}

// parseQuery returns the value of the parameter tls.
func parseQuery(raw string) (string, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", errQuery
	}
	for name, values := range query {
		if name != "tls" || len(values) != 1 || !slices.Contains([]string{"true", "preferred", "skip-verify", "false"}, values[0]) {
			return "", errQuery
		}
	}
	return query.Get("tls"), nil
}

// applyDefaults sets the options that the URL cannot specify. An UPDATE counts
// the rows that it matched, even if it changed nothing.
func applyDefaults(config *mysql.Config) {
	config.Timeout = connectTimeout
	config.ClientFoundRows = true
	config.RejectReadOnly = true
	config.Collation = "utf8mb4_bin"
	config.Logger = log.New(io.Discard, "", 0) // the error contains the same
	config.Params = map[string]string{
		"sql_mode":  "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
		"time_zone": "'+00:00'",
	}
}

// connector sets READ COMMITTED by a statement, which is the same on MariaDB and
// MySQL; the connection parameter has different names.
type connector struct{ driver.Connector }

// Connect implements driver.Connector. The driver's timeout covers dialing only,
// and the pool opens some connections without a deadline: an unresponsive server
// would block them forever.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	plain, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	conn := connection{plain.(driverConn)} //nolint:forcetypeassert // all connections of the driver implement it
	if _, err := conn.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// address returns the host and port of a URL, for messages.
func address(url config.Secret) string {
	parsed, err := parseURL(url)
	if err != nil {
		return "the server"
	}
	return parsed.Addr
}
