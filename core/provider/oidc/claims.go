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

// layout is where a token says what.
type layout struct {
	subject, email, emailVerified, phone, phoneVerified, name, picture pointer
}

// layout reads the pointers. A nil Claims is the standard layout.
func (c *Claims) layout() (layout, []config.Problem) {
	if c == nil {
		c = &Claims{}
	}
	var l layout
	var problems []config.Problem
	for _, place := range []struct {
		argument, text, standard string
		pointer                  *pointer
	}{
		{"subject", c.Subject, "/sub", &l.subject},
		{"email", c.Email, "/email", &l.email},
		{"email_verified", c.EmailVerified, "/email_verified", &l.emailVerified},
		{"phone", c.Phone, "/phone_number", &l.phone},
		{"phone_verified", c.PhoneVerified, "/phone_number_verified", &l.phoneVerified},
		{"name", c.Name, "/name", &l.name},
		{"picture", c.Picture, "/picture", &l.picture},
	} {
		parsed, err := parsePointer(cmp.Or(place.text, place.standard))
		if err != nil {
			problems = append(problems, config.Problem{Argument: "claims." + place.argument, Message: err.Error()})
		}
		*place.pointer = parsed
	}
	return l, problems
}
