package configfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
)

func hasErrors(ds config.Diagnostics) bool { return ds.Count(config.SeverityError) > 0 }

// sortByRange sorts the diagnostics in the order of the file. Those of the same
// range are sorted by their text: HCL returns them in the random order of a map.
func sortByRange(ds config.Diagnostics) {
	slices.SortFunc(ds, func(a, b config.Diagnostic) int {
		return cmp.Or(
			cmp.Compare(offset(a), offset(b)),
			cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
}

func offset(d config.Diagnostic) int {
	if d.Range == nil {
		return -1
	}
	return d.Range.Start.Byte
}

// unreadable returns what to do about a configuration file that cannot be read.
func unreadable(path string, err error) config.Diagnostic {
	d := config.Diagnostic{
		Severity: config.SeverityError,
		Summary:  "Configuration file cannot be read",
		Detail:   sentence(err.Error()),
		Cause:    err,
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return d
	}
	d.Summary = "Configuration file not found"
	d.Detail = fmt.Sprintf("There is no file %s. Create it, or specify the path of another.", path)
	if absolute, err := filepath.Abs(path); err == nil && absolute != path {
		d.Detail = fmt.Sprintf("There is no file %s in %s. Create it, run the program in its directory, or specify its path.",
			filepath.Base(absolute), filepath.Dir(absolute))
	}
	return d
}
