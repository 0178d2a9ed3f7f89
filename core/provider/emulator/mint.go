package emulator

import (
	"context"
	"net/http"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// mint answers with tokens as of a sign-in of the identifier, but altered at
// will: claims and header members set or, by null, removed, and signed by
// another key. The header's alg decides the signature only where it is "none"
// or "HS256". See [signingKey.sign].
func (e *Emulator) mint(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	identifier, a, err := e.parseMint(body)
	if err != nil {
		return web.Response{}, err
	}
	now := e.clock.now()
	minted, err := e.tokens(e.users.seen(identifier, now), e.families.start(identifier, now), a)
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, minted), nil
}

func (e *Emulator) parseMint(body strictjson.Object) (identifier string, a alteration, err error) {
	a.key = e.keys.current()
	for _, name := range body.Names() {
		value, _ := body.Lookup(name)
		var ok bool
		switch name {
		case "identifier":
			identifier, ok = value.String()
		case "access":
			a.access, ok = value.Object()
		case "id":
			a.id, ok = value.Object()
		case "header":
			a.header, ok = value.Object()
		case "key":
			text, _ := value.String()
			a.key, ok = e.keys.named(text)
		}
		if !ok {
			return "", alteration{}, badRequest(`mint takes {"identifier":"…","access":{…},"id":{…},"header":{…},"key":"current|retired|foreign"}`)
		}
	}
	if !validIdentifier(identifier) {
		return "", alteration{}, badRequest(identifierRule)
	}
	return identifier, a, nil
}
