package configfile

import (
	"strconv"
	"strings"
)

// The blocks.
const (
	BlockAuth     = "auth"
	BlockProvider = "provider"
	BlockUsers    = "users"
	BlockSession  = "session"
	BlockDatabase = "database"
)

// Path identifies a block or an argument of the configuration.
type Path struct {
	Block    string // such as BlockAuth
	Label    string // name of a provider, strategy of a session, type of a database
	Argument string // "" for the block as a whole; "http.timeout" in a nested block

	// repeat is the number of earlier blocks with the same label. Such a block is
	// an error, which needs its own path.
	repeat int
}

// String returns the header of the block, such as `provider "google"`.
func (p Path) String() string {
	if p.Label == "" {
		return p.Block
	}
	return p.Block + " " + strconv.Quote(p.Label)
}

// in returns the path of an argument or a nested block below p.
func (p Path) in(name string) Path {
	if p.Argument != "" {
		name = p.Argument + "." + name
	}
	p.Argument = name
	return p
}

// outer returns the path around p: the nested block, then the block itself, then
// all blocks of its name, then the zero Path.
func (p Path) outer() Path {
	switch {
	case p.Argument != "":
		p.Argument = p.Argument[:max(0, strings.LastIndexByte(p.Argument, '.'))]
		return p
	case p.Label != "":
		return Path{Block: p.Block}
	default:
		return Path{}
	}
}
