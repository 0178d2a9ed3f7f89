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
	"strings"
	"syscall"
	"time"

	"github.com/cotterpin/cotterpin/integration/child"
)

// unprivileged is the user of the servers if root runs the tests, because they
// refuse to run as root.
const unprivileged = 65534

// hosted starts the host's own server program.
func hosted(ctx context.Context, e *Engine) (*Server, error) {
	server, _, err := e.host(ctx, nil)
	return server, err
}

// hostedDedicated is hosted for a server that only one test uses.
func hostedDedicated(ctx context.Context, e *Engine) (*Dedicated, error) {
	server, location, err := e.host(ctx, e.product.durable)
	if err != nil {
		return nil, err
	}
	return &Dedicated{server, location}, nil
}

func (e *Engine) host(ctx context.Context, more []string) (*Server, *program, error) {
	directory, err := temporaryDirectory("cotterpin-" + e.Name + "-")
	if err != nil {
		return nil, nil, err
	}
	p := &program{engine: e, directory: directory, more: more, log: filepath.Join(directory, "log")}
	server, err := p.serve(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(directory))
	}
	server.stop = func() error { return errors.Join(p.stop(), os.RemoveAll(directory)) }
	return server, p, nil
}

// temporaryDirectory creates a directory for the user of the server.
func temporaryDirectory(prefix string) (string, error) {
	directory, err := os.MkdirTemp("", prefix)
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(directory, unprivileged, unprivileged)
	}
	return directory, err //nolint:wrapcheck // names the directory
}

// program is a server program in a temporary directory.
type program struct {
	engine    *Engine
	directory string
	log       string
	port      int
	more      []string // additional arguments
	running   *process
	resumer   *resumer // while the processes are stopped
}

// serve starts the program with an empty database.
func (p *program) serve(ctx context.Context) (*Server, error) {
	prepare, err := p.engine.command(ctx, p.directory, p.engine.product.prepare(p.directory))
	if err != nil {
		return nil, err
	}
	if output, err := prepare.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", prepare, err, output)
	}
	if p.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.running.ended:
			cancel() // it cannot respond
		case <-ctx.Done():
		}
	}()
	server, err := connect(ctx, p.engine, p.engine.adminURL("127.0.0.1:"+strconv.Itoa(p.port), ""), p.stop)
	if err != nil {
		output, _ := os.ReadFile(p.log)
		return nil, fmt.Errorf("%w\n%s", err, output)
	}
	return server, nil
}

func (p *program) start(ctx context.Context) error {
	line := append(p.engine.product.serve(p.directory, p.port), p.more...)
	// It outlives the context of the caller.
	command, err := p.engine.command(context.WithoutCancel(ctx), p.directory, line)
	if err != nil {
		return err
	}
	p.running, err = run(command, p.log)
	return err
}

// stop stops the server without saving its data.
func (p *program) stop() error { return errors.Join(p.resume(), p.running.stop()) }

func (p *program) pause() error {
	processes, err := p.running.family()
	if err != nil {
		return err
	}
	if p.resumer, err = startResumer(processes); err != nil {
		return err
	}
	return signal(processes, syscall.SIGSTOP)
}

func (p *program) resume() error {
	if p.resumer == nil {
		return nil
	}
	resumer := p.resumer
	p.resumer = nil
	return resumer.resume()
}

// end signals the first process, which stops the others, or kills all of them.
func (p *program) end(how syscall.Signal) error {
	processes, err := p.running.family()
	if err != nil {
		return err
	}
	if how != syscall.SIGKILL {
		processes = processes[:1]
	}
	if err := signal(processes, how); err != nil {
		return err
	}
	<-p.running.ended
	return nil
}

// command returns a command with one of the host's programs, not run as root.
func (e *Engine) command(ctx context.Context, directory string, line []string) (*exec.Cmd, error) {
	path, err := exec.LookPath(line[0])
	if inDebian := filepath.Join(e.product.binaries, line[0]); err != nil {
		path, err = exec.LookPath(inDebian)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	command := exec.CommandContext(ctx, path, line[1:]...) //nolint:gosec // the commands are those of product.go
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivileged, Gid: unprivileged}}
	}
	command.Dir = directory
	command.Env = append(os.Environ(), "HOME="+directory, "LC_ALL=C")
	return command, nil
}

// freePort returns a free port of the loopback interface.
func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err //nolint:wrapcheck // complete
	}
	defer listener.Close()                          //nolint:errcheck // nothing was accepted
	return listener.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // of a TCP listener
}

// process is a running server program.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// run starts the command.
func run(command *exec.Cmd, log string) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	command.Stdout, command.Stderr = output, output
	if err := errors.Join(child.Start(command), output.Close()); err != nil {
		return nil, err
	}
	p := &process{command, make(chan struct{})}
	go func() {
		_ = command.Wait() // it is stopped by a signal
		close(p.ended)
	}()
	return p, nil
}

// stop stops the process without saving its data.
func (p *process) stop() error {
	const grace = 10 * time.Second
	if err := p.command.Process.Signal(syscall.SIGQUIT); errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	kill := time.AfterFunc(grace, func() { _ = child.Kill(p.command) })
	defer kill.Stop()
	<-p.ended
	return nil
}

// family returns the process and its children, which are in different process
// groups.
func (p *process) family() ([]int, error) {
	first := p.command.Process.Pid
	output, err := exec.CommandContext(context.Background(), "pgrep", "-P", strconv.Itoa(first)).Output() //nolint:gosec // a number
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		return nil, fmt.Errorf("pgrep: %w", err)
	}
	family := []int{first}
	for text := range strings.FieldsSeq(string(output)) {
		child, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("pgrep: %w", err)
		}
		family = append(family, child)
	}
	return family, nil
}

// signal sends a signal to processes, some of which may have ended.
func signal(processes []int, what syscall.Signal) error {
	for _, id := range processes {
		if err := syscall.Kill(id, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal %d to process %d: %w", what, id, err)
		}
	}
	return nil
}
