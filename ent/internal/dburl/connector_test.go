package dburl_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/internal/dburl"
)

var (
	errPassword = errors.New("wrong password")
	errUnread   = errors.New("no such file")
	errInvalid  = errors.New("not a URL")
)

// attempt is a connector that fails, with the URL that it connects to.
type attempt struct {
	driver.Connector
	url string
}

func (a attempt) Connect(context.Context) (driver.Conn, error) {
	return nil, errors.Join(errPassword, errors.New("at "+a.url))
}

func TestConnector_Reload(t *testing.T) {
	t.Parallel()
	const invalid = "invalid"
	var content string
	var unread error
	opened := 0
	open := func(url config.Secret) (driver.Connector, error) {
		if url.Reveal() == invalid {
			return nil, errInvalid
		}
		opened++
		return attempt{url: url.Reveal()}, nil
	}
	content = "first"
	url, err := config.SecretFrom(func() (string, error) { return content, unread })
	if err != nil {
		t.Fatal(err)
	}
	c, err := dburl.NewConnector(url, open)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		content string
		unread  error
		want    string // of the URL that is used
		also    error
		opened  int
	}{
		{"first", nil, "at first", nil, 1},
		{"second", nil, "at second", nil, 2},
		{"second", nil, "at second", nil, 2},
		{invalid, nil, "at second", errInvalid, 2},
		{"", errUnread, "at second", errUnread, 2},
		{"third", nil, "at third", nil, 3},
	} {
		content, unread = step.content, step.unread
		_, err := c.Connect(t.Context())
		if !errors.Is(err, errPassword) || !strings.Contains(err.Error(), step.want) || opened != step.opened {
			t.Errorf("%+v: got %v, and %d connectors", step, err, opened)
		}
		for _, other := range []error{errInvalid, errUnread} {
			if errors.Is(err, other) != errors.Is(step.also, other) {
				t.Errorf("%+v: got %v", step, err)
			}
		}
	}
	if _, err := dburl.NewConnector(config.NewSecret(invalid), open); !errors.Is(err, errInvalid) {
		t.Errorf("NewConnector: got %v, want %v", err, errInvalid)
	}
}
