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

// password of the containers, which are reached from this machine alone and
// live as long as the tests.
const password = "cotterpin"

// connections is how many a server takes: those of all tests at once.
const connections = 400

// product is what the engines of one maker have in common.
type product struct {
	// admin is the administrator's URL, without scheme, password and host.
	admin url.URL
	open  func(config.Secret) (*sql.DB, error)
	drop  string // "%s" is the database

	// How the server is told to end in good order.
	stop syscall.Signal

	// Of the container. Nothing there outlives the server, so it need not
	// write anything through to a disk. A server that is to be killed must
	// have written to its files, at least, what it has committed.
	port        docker.Port
	environment []string
	folder      string // of the data
	arguments   []string
	durable     []string // added for such a server

	// On the host: the folder where Debian keeps the programs, and the
	// commands that fill a folder with an empty database and serve it.
	binaries string
	prepare  func(folder string) []string
	serve    func(folder string, port int) []string
}

// superuser of PostgreSQL, who has a database of that name.
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
	folder:      "/var/lib/postgresql/data",
	arguments:   postgresArguments,
	durable:     []string{"-c", "synchronous_commit=on"},

	binaries: "/usr/lib/postgresql/15/bin",
	prepare: func(folder string) []string {
		return []string{"initdb", "-D", filepath.Join(folder, "data"), "-U", superuser, "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"}
	},
	serve: func(folder string, port int) []string {
		return append([]string{
			"postgres", "-D", filepath.Join(folder, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-c", "unix_socket_directories=",
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
	folder:      "/var/lib/mysql",
	arguments:   mariadbArguments,
	durable:     []string{"--innodb-flush-log-at-trx-commit=2"},

	binaries: "/usr/sbin",
	prepare: func(folder string) []string {
		return []string{
			"mariadb-install-db", "--no-defaults", "--datadir=" + filepath.Join(folder, "data"), "--auth-root-authentication-method=normal",
			"--skip-test-db", "--skip-name-resolve", "--innodb-flush-method=nosync",
		}
	},
	serve: func(folder string, port int) []string {
		return append([]string{
			"mariadbd", "--no-defaults", "--datadir=" + filepath.Join(folder, "data"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
			"--socket=" + filepath.Join(folder, "s"), "--pid-file=" + filepath.Join(folder, "pid"), "--skip-name-resolve",
		}, mariadbArguments...)
	},
}

// source returns the administrator's URL on a server at host:port.
func (e *Engine) source(address, password string) string {
	u := e.product.admin
	u.Scheme, u.Host = e.Driver, address
	if password != "" {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
}

// on returns the URL of another database of the same server.
func on(source, database string) (string, error) {
	u, err := url.Parse(source)
	if err != nil {
		return "", errors.New("the URL of the server cannot be read") // an error that repeats it shows the password
	}
	u.Path = "/" + database
	return u.String(), nil
}
