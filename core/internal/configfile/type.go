package configfile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
)

// ofKind returns the types that are a T, in order of name. Two of one name are
// a mistake in the program, and panic.
func ofKind[T config.Type](types []config.Type) []T {
	var found []T
	for _, t := range types {
		if t, ok := t.(T); ok {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b T) int { return cmp.Compare(a.Name(), b.Name()) })
	for i := 1; i < len(found); i++ {
		if found[i].Name() == found[i-1].Name() {
			panic(fmt.Sprintf("config: there are two types of %s called %q", found[i].Kind(), found[i].Name()))
		}
	}
	return found
}
