package configfile

import (
	"cmp"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
)

func hasErrors(ds config.Diagnostics) bool { return ds.Count(config.SeverityError) > 0 }

// sortByPlace puts the findings into the order of the file. Those at the same place
// are ordered by their text: HCL gives them in the random order of a map.
func sortByPlace(ds config.Diagnostics) {
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

func unreadable(err error) config.Diagnostic {
	return config.Diagnostic{
		Severity: config.SeverityError,
		Summary:  "The configuration cannot be read",
		Detail:   err.Error(),
		Cause:    err,
	}
}
