package integration_test

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
)

// cost counts the messages of an operation to a database without faults:
// statements, without BEGIN, COMMIT and preparation by drivers, and
// transactions.
type cost struct{ statements, transactions int }

// costs contains the expected costs of operations on all databases, or on those
// that are named. A change that makes an operation cheaper or more expensive
// updates them.
var costs = map[string]cost{
	"FirstLogin":                   {5, 2},
	"FirstLoginWithHook":           {6, 2}, // one in the hook
	"Login":                        {3, 1},
	"LoginContinuingSession":       {5, 1}, // one finds the old session, one revokes those over the limit
	"LoginOverLimit":               {4, 1},
	"LoginOverLimit/mariadb-10.11": {5, 1}, // its INSERT returns no row
	"Guard":                        {1, 0},
	"GuardRecordingLastSeen":       {2, 0},
	"GuardOfProviderToken":         {1, 0},
	"WhoAmI":                       {2, 0},
	"List":                         {2, 0},
	"Refresh":                      {3, 0}, // two check that the database is available
	"Logout":                       {2, 0},
	"RevokeOne":                    {2, 0},
	"RevokeOthers":                 {2, 0},
	"RevokeAll":                    {3, 0},
	"Disable":                      {2, 0},
	"Enable":                       {2, 0},
	"Delete":                       {1, 0},
	"Sweep":                        {2, 0},
}

// costOn returns the expected cost of an operation on a database.
func costOn(operation, database string) cost {
	if c, special := costs[operation+"/"+database]; special {
		return c
	}
	return costs[operation]
}

func costOf(events []faultdriver.Event) (c cost) {
	for _, event := range events {
		switch event.Op {
		case faultdriver.Exec, faultdriver.Query:
			c.statements++
		case faultdriver.Begin:
			c.transactions++
		default:
		}
	}
	return c
}

// String returns the statements, and the transactions if there are any: "6 in 2".
func (c cost) String() string {
	if c.transactions == 0 {
		return fmt.Sprint(c.statements)
	}
	return fmt.Sprintf("%d in %d", c.statements, c.transactions)
}

// measured contains the measured costs, by operation and database.
var measured = struct {
	sync.Mutex
	costs map[string]map[string]cost
}{costs: map[string]map[string]cost{}}

// recordCost records a cost. The last two parts of the test name are operation
// and database.
func recordCost(t *testing.T, c cost) {
	t.Helper()
	measured.Lock()
	defer measured.Unlock()
	operation, database := path.Base(path.Dir(t.Name())), path.Base(t.Name())
	if measured.costs[operation] == nil {
		measured.costs[operation] = map[string]cost{}
	}
	measured.costs[operation][database] = c
}

// writeCosts writes a table of the measured costs, if there are any.
func writeCosts(w io.Writer) {
	measured.Lock()
	defer measured.Unlock()
	if len(measured.costs) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "statements, and in how many transactions\t"+strings.Join(databaseFlag.names, "\t"))
	for _, operation := range slices.Sorted(maps.Keys(measured.costs)) {
		cells := []string{operation}
		for _, database := range databaseFlag.names {
			cell := "-"
			if c, measured := measured.costs[operation][database]; measured {
				cell = c.String()
			}
			cells = append(cells, cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	table.Flush()
}
