package emulator

import (
	"context"
	"net/http"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// mint returns tokens as of a sign-in of the identifier, with the requested
// edits: claims and header members set or, by null, removed, and another signing
// key. See [sign] for the effect of the header's alg.
func (e *Emulator) mint(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	identifier, changes, err := e.parseMint(body)
	if err != nil {
		return web.Response{}, err
	}
	now := e.clock.now()
	minted, err := e.issueTokens(e.users.signedIn(identifier, now), e.refreshTokens.issue(identifier, now), changes)
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, minted), nil
}

func (e *Emulator) parseMint(body strictjson.Object) (identifier string, changes edits, err error) {
	for _, name := range body.Names() {
		value, _ := body.Lookup(name)
		var ok bool
		switch name {
		case "identifier":
			identifier, ok = value.String()
		case "access":
			changes.access, ok = value.Object()
		case "id":
			changes.id, ok = value.Object()
		case "header":
			changes.header, ok = value.Object()
		case "key":
			text, _ := value.String()
			changes.key, ok = e.keys.byName(text)
		}
		if !ok {
			return "", edits{}, badRequest(`the body must be {"identifier":"…","access":{…},"id":{…},"header":{…},"key":"current|retired|foreign"}, only identifier required`)
		}
	}
	if !validIdentifier(identifier) {
		return "", edits{}, badRequest(identifierRule)
	}
	return identifier, changes, nil
}
