package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/internal/dburl"
)

const connectTimeout = 5 * time.Second

var form = dburl.Form{ //nolint:gosec // an example
	Schemes: []string{"postgres", "postgresql"},
	Example: "postgres://user:password@host:5432/name",
}

// rejected describes a URL that the driver rejects. The driver's error would
// repeat parts of the URL.
var rejected = form.Want() + ", and parameters that libpq supports"

// choices contains the values of parameters that have few.
var choices = map[string][]string{
	"sslmode":              {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
	"sslnegotiation":       {"postgres", "direct"},
	"target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
	"channel_binding":      {"disable", "prefer", "require"},
}

// fileParameters are the parameters that make the driver read files.
var fileParameters = []string{"sslrootcert", "sslcert", "sslkey", "sslpassword", "passfile", "service", "servicefile"}

// checkURL returns a description of a malformed URL, or "". It rejects a name
// that contains "@": the rest of a password with a slash, which the driver's
// errors would repeat.
func checkURL(secret config.Secret) string {
	if problem := form.Problem(secret.Reveal()); problem != "" {
		return problem
	}
	base, rawQuery, _ := strings.Cut(secret.Reveal(), "?")
	query, err := url.ParseQuery(rawQuery)
	if _, name, _ := strings.Cut(strings.SplitAfterN(base, "://", 2)[1], "/"); err != nil || strings.Contains(name, "@") {
		return form.Want()
	}
	if problem := checkQuery(query); problem != "" {
		return problem
	}
	for _, name := range fileParameters {
		query.Del(name)
	}
	if _, err := pgx.ParseConfig(base + "?" + query.Encode()); err != nil {
		return rejected
	}
	return ""
}

func checkQuery(query url.Values) string {
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		if values, found := query[name]; found && (len(values) > 1 || !slices.Contains(choices[name], values[0])) {
			return fmt.Sprintf("has a value of %s that does not exist: use one of %s", name, strings.Join(choices[name], ", "))
		}
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
// connections, for example to trace statements. Before it connects, it reloads the
// URL; while that fails, it uses the one before.
func Connector(url config.Secret) (driver.Connector, error) {
	return dburl.NewConnector(url, connectorTo)
}

// connectorTo returns the driver's connector to a URL that does not change.
func connectorTo(url config.Secret) (driver.Connector, error) {
	if problem := checkURL(url); problem != "" {
		return nil, errors.New("postgres: url " + problem)
	}
	config, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return nil, errors.New("postgres: url " + rejected)
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
