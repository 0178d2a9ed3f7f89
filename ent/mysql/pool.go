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
)

const (
	connectTimeout = 5 * time.Second
	defaultPort    = "3306"
)

// The errors about a URL show nothing of it: a password that was not encoded
// may be found in any part.
var (
	errNoURL = errors.New("must not be empty: it " + wantURL)
	errURL   = errors.New(wantURL)
	errQuery = errors.New(`has a parameter that it cannot have: the only one is tls, ` +
		`which is "true", "preferred", "skip-verify" or "false"`)
)

const wantURL = "must be a URL such as mysql://user:password@host:3306/name, " +
	"with special characters of the password percent-encoded"

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

// parseURL returns how the kit connects to the server of a URL.
func parseURL(secret config.Secret) (*mysql.Config, error) {
	if secret.IsZero() {
		return nil, errNoURL
	}
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Scheme != "mysql" || u.Hostname() == "" || u.User.Username() == "" {
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
	own(config)
	return config, nil
}

// parseQuery returns the parameter tls.
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

// own sets what the kit decides. An update counts the rows it found: one that
// changes nothing has found its row all the same.
func own(config *mysql.Config) {
	config.Timeout = connectTimeout
	config.ClientFoundRows = true
	config.RejectReadOnly = true
	config.Collation = "utf8mb4_bin"
	config.Logger = log.New(io.Discard, "", 0) // what it says is in the error too
	config.Params = map[string]string{
		"sql_mode":  "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
		"time_zone": "'+00:00'",
	}
}

// connector makes connections that are READ COMMITTED. MariaDB and MySQL have
// that under two names as a parameter, but under one as a statement.
type connector struct{ driver.Connector }

// Connect implements driver.Connector. The driver's own limit is on the dialing
// alone, and the pool makes some connections on behalf of nobody, who has none:
// a server that is silent would keep them for ever.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	plain, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	conn := connection{plain.(driverConn)} //nolint:forcetypeassert // the driver's connections can all that
	if _, err := conn.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
