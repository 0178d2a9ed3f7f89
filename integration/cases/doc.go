// Package cases writes ../CASES.md, the table of the field cases and the tests
// that prove them, from the doc comments of all tests of the repository.
package cases

//go:generate go test -run TestTable_Current -update
