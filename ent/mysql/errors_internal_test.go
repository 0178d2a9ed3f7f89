package mysql

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// A05.
func TestIsReferenced(t *testing.T) {
	t.Parallel()
	const message = "Cannot delete or update a parent row: a foreign key constraint fails "
	for name, c := range map[string]struct {
		err        error
		table      string
		referenced bool
	}{
		"Table":      {&mysql.MySQLError{Number: 1451, Message: message + "(`app`.`notes`, CONSTRAINT `notes_ibfk_1` FOREIGN KEY …"}, "notes", true},
		"Backticks":  {&mysql.MySQLError{Number: 1451, Message: message + "(`a``b`.`no``tes`, CONSTRAINT `c` FOREIGN KEY …"}, "no``tes", true},
		"NoTable":    {&mysql.MySQLError{Number: 1217, Message: message}, "", true},
		"Wrapped":    {fmt.Errorf("outer: %w", &mysql.MySQLError{Number: 1217}), "", true},
		"OtherError": {&mysql.MySQLError{Number: 1062, Message: message + "(`app`.`notes`, CONSTRAINT `c`"}, "", false},
		"NoCode":     {errors.New(message), "", false},
		"Nil":        {nil, "", false},
	} {
		if table, referenced := isReferenced(c.err); table != c.table || referenced != c.referenced {
			t.Errorf("%s: got %q and %t, want %q and %t", name, table, referenced, c.table, c.referenced)
		}
	}
}
