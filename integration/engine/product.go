package engine

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/ory/dockertest/v3/docker"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
)

// password of the containers, which are reachable from this machine only.
const password = "cotterpin"

// connections is the connection limit of a server, for all parallel tests.
const connections = 400

// product contains the properties of the engines of one vendor.
type product struct {
	// admin is the administrator's URL, without scheme, password and host.
	admin url.URL
	open  func(config.Secret) (*sql.DB, error)
	drop  string // "%s" is the database

	// Signal for a clean shutdown.
	stop syscall.Signal

	// Of the container. Its data need not survive, so it is not flushed to
	// disk. A server that tests kill must at least write committed data to its
	// files.
	port        docker.Port
	environment []string
	directory   string // of the data
	arguments   []string
	durable     []string // additional arguments of a server that tests kill

	// On the host: the directory of the programs on Debian, and the commands
	// that initialize a data directory and serve it.
	binaries string
	prepare  func(directory string) []string
	serve    func(directory string, port int) []string
}

// superuser of PostgreSQL, with a database of the same name.
const superuser = "postgres"

var postgresArguments = []string{
	"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=" + strconv.Itoa(connections),
}

var postgresProduct = product{
	admin: url.URL{User: url.User(superuser), Path: "/" + superuser, RawQuery: "sslmode=disable"},
	open:  postgres.OpenPool,
	drop:  "DROP DATABASE IF EXISTS %s WITH (FORCE)",
	stop:  syscall.SIGINT,

	port:        "5432/tcp",
	environment: []string{"POSTGRES_PASSWORD=" + password},
	directory:   "/var/lib/postgresql/data",
	arguments:   postgresArguments,
	durable:     []string{"-c", "synchronous_commit=on"},

	binaries: "/usr/lib/postgresql/15/bin",
	prepare: func(directory string) []string {
		return []string{"initdb", "-D", filepath.Join(directory, "data"), "-U", superuser, "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"}
	},
	serve: func(directory string, port int) []string {
		return append([]string{
			"postgres", "-D", filepath.Join(directory, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-c", "unix_socket_directories=",
		}, postgresArguments...)
	},
}

var mariadbArguments = []string{
	"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-log-file-size=8M",
	"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--max-connections=" + strconv.Itoa(connections),
}

var mariadbProduct = product{
	admin: url.URL{User: url.User("root"), Path: "/mysql"},
	open:  mysql.OpenPool,
	drop:  "DROP DATABASE IF EXISTS %s",
	stop:  syscall.SIGTERM,

	port:        "3306/tcp",
	environment: []string{"MARIADB_ROOT_PASSWORD=" + password},
	directory:   "/var/lib/mysql",
	arguments:   mariadbArguments,
	durable:     []string{"--innodb-flush-log-at-trx-commit=2"},

	binaries: "/usr/sbin",
	prepare: func(directory string) []string {
		return []string{
			"mariadb-install-db", "--no-defaults", "--datadir=" + filepath.Join(directory, "data"), "--auth-root-authentication-method=normal",
			"--skip-test-db", "--skip-name-resolve", "--innodb-flush-method=nosync",
		}
	},
	serve: func(directory string, port int) []string {
		return append([]string{
			"mariadbd", "--no-defaults", "--datadir=" + filepath.Join(directory, "data"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
			"--socket=" + filepath.Join(directory, "s"), "--pid-file=" + filepath.Join(directory, "pid"), "--skip-name-resolve",
		}, mariadbArguments...)
	},
}

// adminURL returns the administrator's URL for a server at host:port.
func (e *Engine) adminURL(address, password string) string {
	u := e.product.admin
	u.Scheme, u.Host = e.Driver, address
	if password != "" {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
}

// on returns the URL of another database on the same server.
func on(server, database string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the URL of the server cannot be parsed") // without the URL, which contains the password
	}
	u.Path = "/" + database
	return u.String(), nil
}
