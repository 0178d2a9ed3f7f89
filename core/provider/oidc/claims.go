package oidc

import (
	"cmp"

	"github.com/cotterpin/cotterpin/core/config"
)

// Claims is the block `claims`: JSON Pointers (RFC 6901) into the token's
// claims. "" means the standard claim (OpenID Connect Core 1.0, section 5.1).
type Claims struct {
	Subject       string `hcl:"subject,optional" doc:"default /sub"`
	Email         string `hcl:"email,optional" doc:"default /email"`
	EmailVerified string `hcl:"email_verified,optional" doc:"default /email_verified"`
	Phone         string `hcl:"phone,optional" doc:"default /phone_number"`
	PhoneVerified string `hcl:"phone_verified,optional" doc:"default /phone_number_verified"`
	Name          string `hcl:"name,optional" doc:"default /name"`
	Picture       string `hcl:"picture,optional" doc:"default /picture"`
}

// subject returns the pointer to the subject.
func (c *Claims) subject() string {
	if c == nil {
		return ""
	}
	return c.Subject
}

// pointers locate the claims in a token.
type pointers struct {
	subject, email, emailVerified, phone, phoneVerified, name, picture pointer
}

// pointers parses the pointers. A nil Claims means the standard claims.
func (c *Claims) pointers() (pointers, []config.Problem) {
	if c == nil {
		c = &Claims{}
	}
	var p pointers
	var problems []config.Problem
	for _, claim := range []struct {
		argument, given, standard string
		pointer                   *pointer
	}{
		{"subject", c.Subject, "/sub", &p.subject},
		{"email", c.Email, "/email", &p.email},
		{"email_verified", c.EmailVerified, "/email_verified", &p.emailVerified},
		{"phone", c.Phone, "/phone_number", &p.phone},
		{"phone_verified", c.PhoneVerified, "/phone_number_verified", &p.phoneVerified},
		{"name", c.Name, "/name", &p.name},
		{"picture", c.Picture, "/picture", &p.picture},
	} {
		parsed, err := parsePointer(cmp.Or(claim.given, claim.standard))
		if err != nil {
			problems = append(problems, config.Problem{Argument: "claims." + claim.argument, Message: err.Error()})
		}
		*claim.pointer = parsed
	}
	return p, problems
}
