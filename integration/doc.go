// Package integration tests cotterpin from outside: the demo applications of all
// frameworks as processes, with configuration files, over sockets, against an
// issuer that signs tokens; and the whole kit with a clock that tests set.
// Package engine starts the databases, package faultdriver makes their
// statements fail, and package child starts processes.
package integration
