// Package integration tests cotterpin from outside: the demo applications of
// all frameworks as processes, with configuration files, over sockets, against
// an issuer that signs for real; and the whole kit with a clock that a test
// turns. Package engine starts the databases, package faultdriver lets their
// statements fail; all else here is tests.
package integration
