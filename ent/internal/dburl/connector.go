package dburl

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/cotterpin/cotterpin/core/config"
)

// NewConnector returns a connector that reads a URL again before it connects, so
// that the password may be rotated in its file. open returns the driver's
// connector for a URL. While the URL cannot be read, or is invalid, the one before
// is used.
func NewConnector(url config.Secret, open func(config.Secret) (driver.Connector, error)) (driver.Connector, error) {
	current, err := open(url)
	if err != nil {
		return nil, err
	}
	return &connector{open: open, url: url, current: current}, nil
}

type connector struct {
	open func(config.Secret) (driver.Connector, error)

	mu      sync.Mutex
	url     config.Secret
	current driver.Connector // to url
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	current, reloadErr := c.reload()
	conn, err := current.Connect(ctx)
	if err != nil && reloadErr != nil {
		err = errors.Join(err, reloadErr)
	}
	return conn, err
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Driver()
}

// reload returns the connector to the present URL. After an error it is the one
// before.
func (c *connector) reload() (driver.Connector, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	url, err := c.url.Reload()
	if err != nil {
		return c.current, fmt.Errorf("reading the database URL again: %w", err)
	}
	if url == c.url {
		return c.current, nil
	}
	next, err := c.open(url)
	if err != nil {
		return c.current, fmt.Errorf("the database URL has changed: %w", err)
	}
	c.url, c.current = url, next
	return next, nil
}
