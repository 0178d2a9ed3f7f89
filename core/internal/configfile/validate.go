package configfile

import (
	"fmt"

	"github.com/cotterpin/cotterpin/core/config"
)

// Validate returns all problems of f with its defaults as one
// [config.Diagnostics], or nil. It uses neither the network nor the file system.
// What [Loader.Load] returns is valid.
func (f File) Validate() error {
	var found config.Diagnostics
	for _, m := range f.WithDefaults().problems() {
		found = append(found, m.diagnostic(f.Source))
	}
	if len(found) == 0 {
		return nil
	}
	sortByPlace(found)
	return found
}

// mistake is something that breaks a rule.
type mistake struct {
	at      Path
	summary string // "" for that of the place
	problem string // what is wrong, and what to do about it
}

func (m mistake) diagnostic(s *Source) config.Diagnostic {
	summary := m.summary
	switch {
	case summary != "":
	case m.at.Argument != "":
		summary = invalidValue(m.at.Argument)
	default:
		summary = "Invalid " + m.at.String()
	}
	return s.at(m.at, config.Diagnostic{Severity: config.SeverityError, Summary: summary, Detail: sentence(m.problem)})
}

// rules looks at settings and gathers the problems.
type rules struct {
	settings File
	found    []mistake
}

func (f File) problems() []mistake {
	r := rules{settings: f}
	r.auth()
	r.providers()
	r.session()
	r.database()
	return r.found
}

func (r *rules) wrong(at Path, problem string, args ...any) {
	r.found = append(r.found, mistake{at: at, problem: fmt.Sprintf(problem, args...)})
}

func (r *rules) wrongAs(summary string, at Path, problem string) {
	r.found = append(r.found, mistake{at: at, summary: summary, problem: problem})
}

// adopt takes over what a type found out about its own arguments.
func (r *rules) adopt(at Path, problems []config.Problem) {
	for _, m := range problems {
		if m.Argument == "" {
			r.wrong(at, "%s", m.Message)
		} else {
			r.wrong(at.in(m.Argument), "%s", m.Message)
		}
	}
}

func (r *rules) development() bool { return r.settings.Auth.Mode == config.ModeDevelopment }
