package configfile

import (
	"fmt"
	"net/url"

	"github.com/cotterpin/cotterpin/core/config"
)

// Validate returns all problems of f with its defaults as one
// [config.Diagnostics], or nil if there is no error. It uses neither the network nor the file system.
// What [Loader.Load] returns is valid.
func (f File) Validate() error {
	var found config.Diagnostics
	for _, p := range f.WithDefaults().problems(func(Path) bool { return false }) {
		found = append(found, p.diagnostic(f.Source))
	}
	if !hasErrors(found) {
		return nil
	}
	sortByRange(found)
	return found
}

// problem is a broken rule.
type problem struct {
	at      Path
	summary string // "" is that of the path
	message string // what is wrong, and what to do about it
	warning bool   // it deserves attention, and is valid
}

func (p problem) diagnostic(s *Source) config.Diagnostic {
	summary, severity := p.summary, config.SeverityError
	if p.warning {
		severity = config.SeverityWarning
	}
	switch {
	case summary != "":
	case p.warning:
		summary = fmt.Sprintf("Weak value for %q", p.at.Argument)
	case p.at.Argument != "":
		summary = invalidValue(p.at.Argument)
	default:
		summary = "Invalid " + p.at.String()
	}
	return s.at(p.at, config.Diagnostic{Severity: severity, Summary: summary, Detail: sentence(p.message)})
}

// rules checks settings and collects the problems. It adds none that is the
// consequence of another.
type rules struct {
	settings File
	failed   func(Path) bool // has a diagnostic already, so that its value is not what the file specifies
	found    []problem
}

func (f File) problems(failed func(Path) bool) []problem {
	r := rules{settings: f, failed: failed}
	r.auth()
	r.providers()
	r.users()
	r.session()
	r.database()
	return r.found
}

func (r *rules) wrong(at Path, message string, args ...any) {
	r.wrongAs("", at, fmt.Sprintf(message, args...))
}

func (r *rules) wrongAs(summary string, at Path, message string) {
	r.add(problem{at: at, summary: summary, message: message})
}

func (r *rules) add(p problem) {
	if !r.failed(p.at) {
		r.found = append(r.found, p)
	}
}

// addTypeProblems adds the problems that a type of block found in its arguments.
func (r *rules) addTypeProblems(at Path, problems []config.Problem) {
	for _, p := range problems {
		path := at
		if p.Argument != "" {
			path = at.in(p.Argument)
		}
		r.add(problem{at: path, message: p.Message, warning: p.Warning})
	}
}

// mayBeDevelopment reports whether the rules of development apply: also while
// the mode is invalid.
func (r *rules) mayBeDevelopment() bool {
	return r.settings.Auth.Mode != config.ModeProduction || r.failed(Path{Block: BlockAuth, Argument: "mode"})
}

// base returns base_url, if it is valid.
func (r *rules) base() (*url.URL, bool) {
	given := r.settings.Auth.BaseURL
	if r.failed(Path{Block: BlockAuth, Argument: "base_url"}) || originProblem(given, r.mayBeDevelopment()) != "" {
		return nil, false
	}
	u, err := url.Parse(given)
	return u, err == nil
}

// validBaseURL returns base_url, or "" while it is invalid.
func (r *rules) validBaseURL() string {
	if _, ok := r.base(); !ok {
		return ""
	}
	return r.settings.Auth.BaseURL
}
