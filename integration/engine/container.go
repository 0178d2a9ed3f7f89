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

// lifetime of a container whose test process has died.
const lifetime = 20 * time.Minute

// built is the prefix of the images that images/build makes.
const built = "cotterpin-test/"

// contained starts the server in a container. What it writes is kept in
// memory, and its port is open to this machine alone.
func contained(ctx context.Context, e *Engine) (*Server, error) {
	server, _, err := e.contain(ctx, nil, e.product.arguments)
	return server, err
}

// containedAlone is contained for a server that a test does harm to.
func containedAlone(ctx context.Context, e *Engine) (*Alone, error) {
	entrypoint := []string{"sh", "-c", supervisor, "supervisor"}
	server, place, err := e.contain(ctx, entrypoint, slices.Concat(e.product.arguments, e.product.durable))
	if err != nil {
		return nil, err
	}
	return &Alone{server, place}, nil
}

// supervisor is the first process of such a container. It outlives the server,
// and starts it again once it need not stay down.
const (
	down       = "/tmp/down"
	supervisor = `while :; do docker-entrypoint.sh "$@"; while [ -e ` + down + ` ]; do sleep 0.05; done; done`
)

func (e *Engine) contain(ctx context.Context, entrypoint, arguments []string) (*Server, container, error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return nil, container{}, err //nolint:wrapcheck // says all
	}
	if err := pool.Client.PingWithContext(ctx); err != nil {
		return nil, container{}, fmt.Errorf("no Docker engine answers: %w", err)
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
		config.Tmpfs = map[string]string{e.product.folder: "rw"}
	})
	if err != nil {
		return nil, container{}, fmt.Errorf("container of %s: %w", image, err)
	}
	remove := func() error { return pool.Purge(resource) }
	if err := resource.Expire(uint(lifetime.Seconds())); err != nil {
		return nil, container{}, errors.Join(err, remove())
	}
	address := "127.0.0.1:" + resource.GetPort(string(e.product.port))
	server, err := connect(ctx, e, e.source(address, password), remove)
	return server, container{resource, pool.Client}, err
}

// container is a server in a container.
type container struct {
	*dockertest.Resource

	client *docker.Client
}

func (c container) pause() error {
	return c.client.PauseContainer(c.Container.ID) //nolint:wrapcheck // says all
}

func (c container) resume() error {
	return c.client.UnpauseContainer(c.Container.ID) //nolint:wrapcheck // says all
}

// end reaches every process but the first.
func (c container) end(signal syscall.Signal) error {
	return c.run(fmt.Sprintf("touch %s && kill -%d -1", down, signal))
}

func (c container) start(context.Context) error { return c.run("rm " + down) }

// run has a shell in the container run a command.
func (c container) run(command string) error {
	var said bytes.Buffer
	code, err := c.Exec([]string{"sh", "-c", command}, dockertest.ExecOptions{StdOut: &said, StdErr: &said})
	if err != nil || code != 0 {
		return fmt.Errorf("%s: exit code %d: %w\n%s", command, code, err, &said)
	}
	return nil
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
	if !upToDate(client, built+e.Image) {
		if err := buildImages(); err != nil {
			return "", errors.Join(pullErr, err)
		}
	}
	return built + e.Image, nil
}

// upToDate reports whether an image is there and was built as images/build
// would build it now, which it notes as a label.
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
	build := exec.CommandContext(ctx, filepath.Join("images", "build")) //nolint:gosec // a script of ours
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("images/build: %w\n%s", err, output)
	}
	return nil
})
