package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// nobody is who runs the servers where root runs the tests: they refuse to be
// root.
const nobody = 65534

// hosted starts the host's own server program.
func hosted(ctx context.Context, e *Engine) (*Server, error) {
	folder, err := temporaryFolder("cotterpin-" + e.Name + "-")
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(folder) }
	server, err := e.serveIn(ctx, folder)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	stop := server.stop
	server.stop = func() error { return errors.Join(stop(), remove()) }
	return server, nil
}

// temporaryFolder makes a folder for whoever runs the server.
func temporaryFolder(prefix string) (string, error) {
	folder, err := os.MkdirTemp("", prefix)
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(folder, nobody, nobody)
	}
	return folder, err //nolint:wrapcheck // names the folder
}

func (e *Engine) serveIn(ctx context.Context, folder string) (*Server, error) {
	prepare, err := e.command(ctx, folder, e.product.prepare(folder))
	if err != nil {
		return nil, err
	}
	if output, err := prepare.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", prepare, err, output)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	// The server outlives its start.
	serve, err := e.command(context.WithoutCancel(ctx), folder, e.product.serve(folder, port))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := filepath.Join(folder, "log")
	running, err := run(serve, log, cancel)
	if err != nil {
		return nil, err
	}
	source := e.source("127.0.0.1:"+strconv.Itoa(port), "")
	server, err := connect(ctx, e, source, running.stop)
	if err != nil {
		said, _ := os.ReadFile(log)
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return server, nil
}

// command returns one of the host's programs, not run as root, and killed when
// this process dies.
func (e *Engine) command(ctx context.Context, folder string, line []string) (*exec.Cmd, error) {
	path, err := exec.LookPath(line[0])
	if inDebian := filepath.Join(e.product.binaries, line[0]); err != nil {
		path, err = exec.LookPath(inDebian)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	line = append([]string{path}, line[1:]...)
	if setpriv, err := exec.LookPath("setpriv"); err == nil { // Linux
		wrapped := []string{setpriv, "--pdeathsig=KILL"}
		if os.Getuid() == 0 {
			id := strconv.Itoa(nobody)
			wrapped = append(wrapped, "--reuid="+id, "--regid="+id, "--clear-groups")
		}
		line = append(append(wrapped, "--"), line...)
	}
	command := exec.CommandContext(ctx, line[0], line[1:]...) //nolint:gosec // the commands are those of product.go
	command.Dir = folder
	command.Env = append(os.Environ(), "HOME="+folder, "LC_ALL=C")
	return command, nil
}

// freePort returns a port of the loopback interface that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	defer listener.Close()                          //nolint:errcheck // nothing was accepted
	return listener.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // of a TCP listener
}

// process is a server program that runs.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// run starts the command, and calls atEnd when it has ended.
func run(command *exec.Cmd, log string, atEnd func()) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	command.Stdout, command.Stderr = output, output
	if err := errors.Join(command.Start(), output.Close()); err != nil {
		return nil, err
	}
	p := &process{command, make(chan struct{})}
	go func() {
		_ = command.Wait() // it is told to end by a signal
		close(p.ended)
		atEnd()
	}()
	return p, nil
}

// stop ends the process without care for its data.
func (p *process) stop() error {
	const grace = 10 * time.Second
	if err := p.command.Process.Signal(syscall.SIGQUIT); errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	impatience := time.AfterFunc(grace, func() { _ = p.command.Process.Kill() })
	defer impatience.Stop()
	<-p.ended
	return nil
}
