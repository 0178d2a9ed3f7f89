package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// lifetime of a container whose test process was killed.
const lifetime = 20 * time.Minute

// built is the prefix of the images of images/build.
const built = "cotterpin-test/"

// contained starts the server in a container, with its data in memory and its
// port on the loopback interface.
func contained(ctx context.Context, e *Engine) (*Server, error) {
	server, _, err := e.contain(ctx, nil, e.product.arguments)
	return server, err
}

// containedDedicated is contained for a server that only one test uses.
func containedDedicated(ctx context.Context, e *Engine) (*Dedicated, error) {
	entrypoint := []string{"sh", "-c", supervisor, "supervisor"}
	server, location, err := e.contain(ctx, entrypoint, slices.Concat(e.product.arguments, e.product.durable))
	if err != nil {
		return nil, err
	}
	return &Dedicated{server, location}, nil
}

// supervisor is the first process of such a container. It restarts the server,
// unless it must stay down.
const (
	down       = "/tmp/down"
	supervisor = `while :; do docker-entrypoint.sh "$@"; while [ -e ` + down + ` ]; do sleep 0.05; done; done`
)

func (e *Engine) contain(ctx context.Context, entrypoint, arguments []string) (*Server, container, error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return nil, container{}, err //nolint:wrapcheck // complete
	}
	if err := pool.Client.PingWithContext(ctx); err != nil {
		return nil, container{}, fmt.Errorf("no Docker engine responds: %w", err)
	}
	image, err := e.image(ctx, pool.Client)
	if err != nil {
		return nil, container{}, err
	}
	repository, tag, _ := strings.Cut(image, ":")
	resource, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository:   repository,
		Tag:          tag,
		Env:          e.product.environment,
		Entrypoint:   entrypoint,
		Cmd:          arguments,
		PortBindings: map[docker.Port][]docker.PortBinding{e.product.port: {{HostIP: "127.0.0.1"}}},
	}, func(config *docker.HostConfig) {
		config.AutoRemove = true
		config.Tmpfs = map[string]string{e.product.directory: "rw"}
	})
	if err != nil {
		return nil, container{}, fmt.Errorf("container of %s: %w", image, err)
	}
	remove := func() error { return pool.Purge(resource) }
	if err := resource.Expire(uint(lifetime.Seconds())); err != nil {
		return nil, container{}, errors.Join(err, remove())
	}
	address := "127.0.0.1:" + resource.GetPort(string(e.product.port))
	server, err := connect(ctx, e, e.adminURL(address, password), remove)
	return server, container{resource, pool.Client}, err
}

// container is a server in a container.
type container struct {
	*dockertest.Resource

	client *docker.Client
}

func (c container) pause() error {
	return c.client.PauseContainer(c.Container.ID) //nolint:wrapcheck // complete
}

func (c container) resume() error {
	return c.client.UnpauseContainer(c.Container.ID) //nolint:wrapcheck // complete
}

// end signals every process except the first.
func (c container) end(signal syscall.Signal) error {
	return c.run(fmt.Sprintf("touch %s && kill -%d -1", down, signal))
}

func (c container) start(context.Context) error { return c.run("rm " + down) }

// run runs a shell command in the container.
func (c container) run(command string) error {
	var output bytes.Buffer
	code, err := c.Exec([]string{"sh", "-c", command}, dockertest.ExecOptions{StdOut: &output, StdErr: &output})
	if err != nil || code != 0 {
		return fmt.Errorf("%s: exit code %d: %w\n%s", command, code, err, &output)
	}
	return nil
}

// image returns the name of an image: the official one, which is pulled if
// possible, or the one built here.
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
	if !upToDate(client, built+e.Image) {
		if err := buildImages(); err != nil {
			return "", errors.Join(pullErr, err)
		}
	}
	return built + e.Image, nil
}

// upToDate reports whether an image exists and was built by the current
// images/build, by its label.
func upToDate(client *docker.Client, image string) bool {
	recipe := sha256.New()
	for _, file := range []string{"build", "entrypoint.sh"} {
		text, err := os.ReadFile(filepath.Join("images", file))
		if err != nil {
			return false
		}
		recipe.Write(text)
	}
	found, err := client.InspectImage(image)
	return err == nil && found.Config != nil && found.Config.Labels["recipe"] == hex.EncodeToString(recipe.Sum(nil))
}

var buildImages = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	build := exec.CommandContext(ctx, filepath.Join("images", "build")) //nolint:gosec // our script
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("images/build: %w\n%s", err, output)
	}
	return nil
})
