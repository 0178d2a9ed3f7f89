package core

import (
	"errors"
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
)

// importLine is one user of an import.
type importLine struct {
	subject, identifier          string
	email, phone                 string
	emailVerified, phoneVerified bool
	externalID                   string
	createdAt                    time.Time // zero: the time of the import
	deleted                      bool      // at the provider: it is skipped
}

// lineReader reads the lines of an import.
type lineReader struct {
	list provider.UserLister // nil: the provider has no list
	now  time.Time
}

// read parses and checks a line, which is not empty. The error is for the operator.
func (r lineReader) read(text []byte) (importLine, error) {
	object, err := strictjson.Parse(text)
	if syntax, ok := errors.AsType[*strictjson.SyntaxError](err); ok {
		return importLine{}, fmt.Errorf("it is not one JSON object: %s at byte %d", syntax.Problem, syntax.Offset)
	}
	line, isOwn, err := r.readListed(text, object)
	if !isOwn {
		line, err = readOwn(object)
	}
	if err != nil {
		return importLine{}, err
	}
	return line, line.check(r.now)
}

// readListed reads a line in the provider's own form, which has no subject.
func (r lineReader) readListed(text []byte, object strictjson.Object) (line importLine, isOwn bool, err error) {
	if _, ok := object.Lookup("subject"); ok || r.list == nil {
		return importLine{}, false, nil
	}
	user, isOwn, err := r.list.ReadUser(text)
	return importLine{
		subject: user.Subject, identifier: user.Identifier, email: user.Email, phone: user.Phone,
		createdAt: user.CreatedAt, deleted: user.Deleted,
	}, isOwn, err
}

// readOwn reads a line in the kit's form. null is the same as no member.
func readOwn(object strictjson.Object) (importLine, error) {
	var line importLine
	for name, value := range object.All() {
		if err := line.set(name, value); err != nil {
			return importLine{}, err
		}
	}
	return line, nil
}

func (l *importLine) set(name string, value strictjson.Value) error {
	members := map[string]*string{
		"subject": &l.subject, "identifier": &l.identifier, "email": &l.email, "phone": &l.phone, "external_id": &l.externalID,
	}
	flags := map[string]*bool{"email_verified": &l.emailVerified, "phone_verified": &l.phoneVerified}
	var ok bool
	switch text, flag := members[name], flags[name]; {
	case text == nil && flag == nil && name != "created_at":
		return fmt.Errorf("unknown member %q: the members are subject, identifier, email, email_verified, phone, phone_verified, external_id and created_at", cut(name))
	case value.IsNull():
		return nil
	case text != nil:
		if *text, ok = value.String(); !ok {
			return fmt.Errorf("%s must be a string", name)
		}
	case flag != nil:
		if *flag, ok = value.Bool(); !ok {
			return fmt.Errorf("%s must be true or false", name)
		}
	default:
		var err error
		sent, _ := value.String()
		if l.createdAt, err = time.Parse(time.RFC3339, sent); err != nil {
			return errors.New(`created_at must be a time such as "2026-07-31T12:00:00Z" (RFC 3339)`)
		}
	}
	return nil
}

// cut bounds what a message quotes of a line.
func cut(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// check returns an error unless the user can be stored.
func (l *importLine) check(now time.Time) error {
	_, advice := NewIdentity{
		Subject: l.subject, Identifier: l.identifier,
		Email: l.email, EmailVerified: l.emailVerified, Phone: l.phone, PhoneVerified: l.phoneVerified,
	}.problem()
	switch {
	case advice != "":
		return errors.New(advice)
	case l.externalID != "" && !identity.IsExternalID(l.externalID):
		return errors.New("external_id must be 1 to 255 bytes without control characters")
	case !l.createdAt.IsZero() && (l.createdAt.Before(time.UnixMilli(0)) || l.createdAt.After(now)):
		return errors.New("created_at must be between 1970 and now")
	}
	return nil
}

// data returns all of a line as one string; of two lines with different data they
// differ.
func (l *importLine) data() string {
	return fmt.Sprintf("%q %q %q %t %q %t %q %s", l.subject, l.identifier, l.email, l.emailVerified, l.phone, l.phoneVerified,
		l.externalID, l.createdAt.UTC().Format(time.RFC3339Nano))
}
