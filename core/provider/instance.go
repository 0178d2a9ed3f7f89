package provider

import "cmp"

// Instance is one provider block, of the file or written in Go.
//
// Fields of Common and Settings that are zero mean the same as arguments that
// the file omits.
type Instance struct {
	Type     Type
	Name     string // of the block; "" means the name of the type
	Common   Common
	Settings any // a pointer to the type's arguments, of the type that Type.NewSettings returns
}

// Option changes the common arguments of an [Instance].
type Option = func(*Common)

// Trust names the contacts, "email" and "phone", that the provider is trusted to
// have verified.
func Trust(contacts ...string) Option {
	return func(c *Common) { c.Trust = contacts }
}

// NewInstance returns a block of that type. An empty name means the name of the
// type; settings is a pointer to the type's arguments.
func NewInstance(t Type, name string, settings any, options ...Option) Instance {
	i := Instance{Type: t, Name: name, Settings: settings}
	for _, option := range options {
		option(&i.Common)
	}
	return i
}

// WithDefaults returns i with everything that was left out replaced by its
// default. The kit does this before it validates or opens an instance.
func (i Instance) WithDefaults() Instance {
	i.Name = cmp.Or(i.Name, i.Type.Name())
	i.Common = i.Common.WithDefaults()
	i.Settings = i.Type.WithDefaults(i.Settings)
	return i
}
