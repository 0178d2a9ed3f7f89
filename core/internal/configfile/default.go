package configfile

import (
	"cmp"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
	"github.com/cotterpin/cotterpin/core/provider"
)

// defaultCommon returns the defaults of the arguments that every provider has,
// with those of the nested block http.
func defaultCommon() provider.Common {
	return provider.Common{}.WithDefaults()
}

func instanceWithDefaults(i provider.Instance) provider.Instance {
	i.Name = cmp.Or(i.Name, i.Type.Name())
	i.Common = defaults.Fill(i.Common, defaultCommon())
	i.Settings = i.Type.WithDefaults(i.Settings)
	return i
}
