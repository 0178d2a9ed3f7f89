#!/bin/sh
# Supports the variables and arguments of the official images' entrypoints that the tests use.
set -eu

as() { # as USER COMMAND...: runs the command as the user
  user=$1
  shift
  if [ "$(id -u)" = 0 ]; then exec su -s /bin/sh "$user" -c 'exec "$0" "$@"' -- "$@"; else exec "$@"; fi
}

refuse() { # refuse VARIABLE
  echo "The database is new and has no password: set $1." >&2
  exit 1
}

new_postgres() {
  [ -n "${POSTGRES_PASSWORD:-}" ] || refuse POSTGRES_PASSWORD
  mkdir -p "$PGDATA"
  chown postgres: "$PGDATA"
  chmod 700 "$PGDATA"
  (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password)
  chown postgres: /tmp/password
  (as postgres initdb --no-sync -U postgres --pwfile=/tmp/password -D "$PGDATA") >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
}

# mariadb-install-db also creates roots without a password, which have precedence over root@'%'.
# The bootstrap reads one statement per line.
new_mariadb() {
  [ -n "${MARIADB_ROOT_PASSWORD:-}" ] || refuse MARIADB_ROOT_PASSWORD
  mkdir -p "$data"
  chown mysql: "$data"
  (as mysql mariadb-install-db --user=mysql --datadir="$data" --skip-test-db --auth-root-authentication-method=normal \
    --skip-name-resolve --innodb-flush-method=nosync) >/dev/null
  {
    echo 'FLUSH PRIVILEGES;'
    for host in 127.0.0.1 ::1 "$(hostname)"; do echo "DROP USER IF EXISTS 'root'@'$host';"; done
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
    echo "CREATE USER 'root'@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
  } | (as mysql mariadbd --no-defaults --bootstrap --innodb-flush-method=nosync --datadir="$data") >/tmp/bootstrap.log 2>&1 ||
    { cat /tmp/bootstrap.log >&2; exit 1; }
}

case ${1:-} in -*) set -- "$SERVER" "$@" ;; esac
case $1 in
postgres)
  [ -s "$PGDATA/PG_VERSION" ] || new_postgres
  as postgres "$@" -D "$PGDATA"
  ;;
mariadbd)
  shift
  data=/var/lib/mysql
  [ -d "$data/mysql" ] || new_mariadb
  as mysql mariadbd --datadir="$data" --bind-address=0.0.0.0 --skip-name-resolve --socket=/run/mysqld/mysqld.sock "$@"
  ;;
*) exec "$@" ;;
esac
