package configfile

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func (r *rules) providers() {
	if len(r.settings.Providers) == 0 {
		r.wrongAs("Missing provider block", Path{Block: BlockProvider}, "no user could sign in: add a block such as provider \"cotter\"")
	}
	for i, instance := range r.settings.Providers {
		r.provider(providerPath(r.settings.Providers[:i], instance), instance)
	}
	r.anyEnabled()
}

// anyEnabled warns if no user can sign in. It is no error: the application may have
// to reject all of a provider's tokens at once and serve its other routes.
func (r *rules) anyEnabled() {
	isEnabled := func(i provider.Instance) bool { return i.Common.State != config.StateDisabled }
	if all := r.settings.Providers; len(all) > 0 && !slices.ContainsFunc(all, isEnabled) {
		r.add(problem{
			at:      providerPath(nil, all[0]).in("state"),
			summary: "Every provider block is disabled",
			message: `no user can sign in, and no session is valid: set state = "active" in one block`,
			warning: true,
		})
	}
}

// providerPath returns the path of a provider that follows those before it.
func providerPath(before []provider.Instance, instance provider.Instance) Path {
	at := Path{Block: BlockProvider, Label: providerName(instance)}
	for _, other := range before {
		if providerName(other) == at.Label {
			at.repeat++
		}
	}
	return at
}

func providerName(i provider.Instance) string { return cmp.Or(i.Name, i.Type.Name()) }

func (r *rules) provider(at Path, instance provider.Instance) {
	if !nameForm.MatchString(at.Label) {
		r.wrong(at, `the name must begin with a lowercase letter, and consist of lowercase letters, digits, "-" and "_"`)
	}
	if at.repeat > 0 {
		r.wrongAs("Duplicate provider name", at, fmt.Sprintf(`there is another provider %q: name this one, provider "TYPE" "NAME"`, at.Label))
	}
	r.addTypeProblems(at, instance.Common.Problems())
	if problem := instanceProblem(instance.Type, instance.Settings); problem != "" {
		r.wrong(at, "%s", problem)
		return
	}
	r.addTypeProblems(at, instance.Type.Validate(instance.Settings, provider.Env{
		Name:        at.Label,
		Development: r.mayBeDevelopment(),
		BaseURL:     r.validBaseURL(),
		MountPath:   r.settings.Auth.Path + "/" + at.Label,
		Directory:   r.settings.Directory,
	}))
}

// instanceProblem returns what is wrong with an instance that was written in Go;
// "" if nothing is.
func instanceProblem(t config.Type, arguments any) string {
	if t.Name() == "" {
		return "it has no type: set Type, such as cotter.Type"
	}
	if want := t.NewSettings(); reflect.TypeOf(arguments) != reflect.TypeOf(want) || reflect.ValueOf(arguments).IsNil() {
		return fmt.Sprintf("its settings must be a %T that is not nil", want)
	}
	return ""
}

func (r *rules) database() {
	instance := r.settings.Database
	if instance == nil {
		return
	}
	at := Path{Block: BlockDatabase, Label: instance.Type.Name()}
	if problem := instanceProblem(instance.Type, instance.Settings); problem != "" {
		r.wrong(at, "%s", problem)
		return
	}
	r.addTypeProblems(at, instance.Type.Validate(instance.Settings, database.Env{
		Development: r.mayBeDevelopment(),
		Directory:   r.settings.Directory,
	}))
}
