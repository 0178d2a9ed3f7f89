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

	"github.com/cotterpin/cotterpin/integration/faultdriver"
)

// cost is what an operation asks of a database without faults. The BEGIN and the
// COMMIT of a transaction are not among the statements, and neither is what a
// driver asks by itself to prepare them.
type cost struct{ statements, transactions int }

// costs are what operations cost, on the databases that name them or on all.
// Whoever makes an operation cheaper, or has to make it dearer, says so here.
var costs = map[string]cost{
	"FirstLogin":                        {5, 2},
	"FirstLoginWithAHook":               {6, 2}, // one is the hook's
	"Login":                             {3, 1},
	"LoginThatEndsTheCallersSession":    {5, 1}, // two find and end that, for the log says whose it was
	"LoginOverTheLimit":                 {4, 1},
	"LoginOverTheLimit/mariadb-10.11":   {5, 1}, // an INSERT says nothing there
	"Guard":                             {1, 0},
	"GuardThatNotesWhenASessionWasSeen": {2, 0},
	"GuardOfAProvidersToken":            {1, 0},
	"WhoAmI":                            {2, 0},
	"List":                              {2, 0},
	"Refresh":                           {3, 0}, // two see whether the database can serve
	"Logout":                            {2, 0},
	"RevokeOne":                         {2, 0},
	"RevokeOthers":                      {2, 0},
	"RevokeAll":                         {3, 0},
	"Disable":                           {2, 0},
	"Enable":                            {1, 0},
	"Delete":                            {1, 0},
	"Sweep":                             {2, 0},
}

// costOn returns what an operation costs on a database.
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

// reported are the costs that were measured, by operation and database.
var reported = struct {
	sync.Mutex
	costs map[string]map[string]cost
}{costs: map[string]map[string]cost{}}

// reportCost keeps a cost. The last two parts of the test's name are operation
// and database.
func recordCost(t *testing.T, c cost) {
	t.Helper()
	reported.Lock()
	defer reported.Unlock()
	operation, database := path.Base(path.Dir(t.Name())), path.Base(t.Name())
	if reported.costs[operation] == nil {
		reported.costs[operation] = map[string]cost{}
	}
	reported.costs[operation][database] = c
}

// writeCosts writes a table of what was reported. It writes nothing if nothing
// was.
func writeCosts(w io.Writer) {
	reported.Lock()
	defer reported.Unlock()
	if len(reported.costs) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "statements, and in how many transactions\t"+strings.Join(databaseFlag.names, "\t"))
	for _, operation := range slices.Sorted(maps.Keys(reported.costs)) {
		cells := []string{operation}
		for _, database := range databaseFlag.names {
			cell := "-"
			if c, measured := reported.costs[operation][database]; measured {
				cell = c.String()
			}
			cells = append(cells, cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	table.Flush()
}
