package engine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// lifetime of a container whose test process has died.
const lifetime = 20 * time.Minute

// built is the prefix of the images that images/build makes.
const built = "cotterpin-test/"

// contained starts the server in a container. What it writes is kept in
// memory, and its port is open to this machine alone.
func contained(ctx context.Context, e *Engine) (*Server, error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	if err := pool.Client.PingWithContext(ctx); err != nil {
		return nil, fmt.Errorf("no Docker engine answers: %w", err)
	}
	image, err := e.image(ctx, pool.Client)
	if err != nil {
		return nil, err
	}
	repository, tag, _ := strings.Cut(image, ":")
	container, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository:   repository,
		Tag:          tag,
		Env:          e.product.environment,
		Cmd:          e.product.arguments,
		PortBindings: map[docker.Port][]docker.PortBinding{e.product.port: {{HostIP: "127.0.0.1"}}},
	}, func(config *docker.HostConfig) {
		config.AutoRemove = true
		config.Tmpfs = map[string]string{e.product.folder: "rw"}
	})
	if err != nil {
		return nil, fmt.Errorf("container of %s: %w", image, err)
	}
	remove := func() error { return pool.Purge(container) }
	if err := container.Expire(uint(lifetime.Seconds())); err != nil {
		return nil, errors.Join(err, remove())
	}
	address := "127.0.0.1:" + container.GetPort(string(e.product.port))
	return connect(ctx, e, e.source(address, password), remove)
}

// image returns one that is there: the official one, which is pulled if it can
// be, or the one built here.
func (e *Engine) image(ctx context.Context, client *docker.Client) (string, error) {
	if _, err := client.InspectImage(e.Image); err == nil {
		return e.Image, nil
	}
	repository, tag, _ := strings.Cut(e.Image, ":")
	pull := docker.PullImageOptions{Repository: repository, Tag: tag, Context: ctx}
	pullErr := client.PullImage(pull, docker.AuthConfiguration{})
	if pullErr == nil {
		return e.Image, nil
	}
	if _, err := client.InspectImage(built + e.Image); err == nil {
		return built + e.Image, nil
	}
	if err := buildImages(); err != nil {
		return "", errors.Join(pullErr, err)
	}
	return built + e.Image, nil
}

var buildImages = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	build := exec.CommandContext(ctx, filepath.Join("images", "build")) //nolint:gosec // a script of ours
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("images/build: %w\n%s", err, output)
	}
	return nil
})
