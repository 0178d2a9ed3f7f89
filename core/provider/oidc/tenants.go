package oidc

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/token"
)

// placeholder is replaced by each of the tenants.
const placeholder = "{tenantid}"

// perIssuer returns the settings of each issuer: one per tenant, or s itself.
func (s Settings) perIssuer() []Settings {
	if len(s.Tenants) == 0 {
		return []Settings{s}
	}
	all := make([]Settings, len(s.Tenants))
	for i, tenant := range s.Tenants {
		all[i] = s
		all[i].Tenants = []string{tenant}
		for _, address := range []*string{&all[i].Issuer, &all[i].JWKSURL, &all[i].DiscoveryURL} {
			*address = strings.ReplaceAll(*address, placeholder, tenant)
		}
	}
	return all
}

// checkTenant demands that tid is the tenant of the issuer.
func (d *driver) checkTenant(c token.Claims) error {
	tenant := d.sources[c.Issuer].tenant
	if tid, _ := c.String("tid"); tenant != "" && tid != tenant {
		return invalid("wrong_tenant").WithValues(tenant, tid)
	}
	return nil
}

var (
	tenantForm = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z`)
	uuidForm   = regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)

	// sharedTenants are the names in Entra's addresses that are no tenant (Microsoft,
	// "OpenID Connect on the Microsoft identity platform").
	sharedTenants = []string{"common", "organizations", "consumers"}

	// entraHosts serve the tenants of Entra (Microsoft, "Microsoft Entra
	// authentication and national clouds").
	entraHosts = []string{
		"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
		"login.microsoftonline.us", "login.partner.microsoftonline.cn",
	}
)

func (s Settings) tenantProblems() []config.Problem {
	var problems []config.Problem
	report := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	placed := strings.Contains(s.Issuer, placeholder)
	switch {
	case placed && len(s.Tenants) == 0:
		report("issuer", "has "+placeholder+" and needs the argument tenants, which lists the tenants whose users may sign in")
	case !placed && len(s.Tenants) > 0:
		report("tenants", "needs "+placeholder+" in issuer, which each tenant replaces")
	}
	for i, tenant := range s.Tenants {
		switch {
		case isSharedTenant(tenant):
			report("tenants", fmt.Sprintf("%q is no tenant: list the ids of the tenants whose users may sign in, %s", tenant, personalAccounts))
		case !tenantForm.MatchString(tenant), isEntra(s.Issuer) && !uuidForm.MatchString(tenant):
			report("tenants", fmt.Sprintf("%q must be the id of a tenant, exactly as in the claim tid, such as %q", tenant, personalTenant))
		case slices.Contains(s.Tenants[:i], tenant):
			report("tenants", fmt.Sprintf("lists %q twice", tenant))
		}
	}
	for _, source := range []struct{ argument, value string }{{"jwks_url", s.JWKSURL}, {"discovery_url", s.DiscoveryURL}} {
		if source.value != "" && strings.Contains(source.value, placeholder) != placed {
			report(source.argument, "must contain "+placeholder+" exactly if issuer does: each tenant has its own keys")
		}
	}
	if placed && s.JWKSFile != "" {
		report("jwks_file", "cannot be combined with "+placeholder+": each tenant has its own keys")
	}
	return problems
}

const (
	personalTenant   = "9188040d-6c67-4c5b-b112-36a304b66dad"
	personalAccounts = `with "` + personalTenant + `" for personal accounts`
)

func isSharedTenant(name string) bool {
	return slices.ContainsFunc(sharedTenants, func(shared string) bool { return strings.EqualFold(shared, name) })
}

func isEntra(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && slices.Contains(entraHosts, strings.ToLower(u.Hostname()))
}

// entraProblem returns what is wrong with an issuer of Entra: its tokens name the
// id of the user's tenant, whatever address the user signed in at.
func entraProblem(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || !isEntra(issuer) {
		return ""
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if tenant == placeholder || uuidForm.MatchString(tenant) {
		return ""
	}
	return fmt.Sprintf("has %q instead of a tenant's id, but iss has the id of the user's tenant: "+
		`write "https://%s/%s/%s", and list the ids of the tenants in the argument tenants, %s`, tenant, u.Host, placeholder, rest, personalAccounts)
}
