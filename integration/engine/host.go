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

// nobody is who runs the servers where root runs the tests: they refuse to be
// root.
const nobody = 65534

// hosted starts the host's own server program.
func hosted(ctx context.Context, e *Engine) (*Server, error) {
	server, _, err := e.host(ctx, nil)
	return server, err
}

// hostedAlone is hosted for a server that a test does harm to.
func hostedAlone(ctx context.Context, e *Engine) (*Alone, error) {
	server, place, err := e.host(ctx, e.product.durable)
	if err != nil {
		return nil, err
	}
	return &Alone{server, place}, nil
}

func (e *Engine) host(ctx context.Context, more []string) (*Server, *program, error) {
	folder, err := temporaryFolder("cotterpin-" + e.Name + "-")
	if err != nil {
		return nil, nil, err
	}
	p := &program{engine: e, folder: folder, more: more, log: filepath.Join(folder, "log")}
	server, err := p.serve(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	server.stop = func() error { return errors.Join(p.stop(), os.RemoveAll(folder)) }
	return server, p, nil
}

// temporaryFolder makes a folder for whoever runs the server.
func temporaryFolder(prefix string) (string, error) {
	folder, err := os.MkdirTemp("", prefix)
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(folder, nobody, nobody)
	}
	return folder, err //nolint:wrapcheck // names the folder
}

// program is a server program in a folder of its own.
type program struct {
	engine  *Engine
	folder  string
	log     string
	port    int
	more    []string // arguments
	running *process
	resumer *resumer // while the processes are stopped
}

// serve starts the program with an empty database.
func (p *program) serve(ctx context.Context) (*Server, error) {
	prepare, err := p.engine.command(ctx, p.folder, p.engine.product.prepare(p.folder))
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
			cancel() // it will not answer any more
		case <-ctx.Done():
		}
	}()
	server, err := connect(ctx, p.engine, p.engine.source("127.0.0.1:"+strconv.Itoa(p.port), ""), p.stop)
	if err != nil {
		said, _ := os.ReadFile(p.log)
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return server, nil
}

func (p *program) start(ctx context.Context) error {
	line := append(p.engine.product.serve(p.folder, p.port), p.more...)
	// It outlives whoever starts it.
	command, err := p.engine.command(context.WithoutCancel(ctx), p.folder, line)
	if err != nil {
		return err
	}
	p.running, err = run(command, p.log)
	return err
}

// stop does without care for the data.
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

// end is heard by the first process, which tells the others. One that is killed
// tells nobody.
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
	command := exec.CommandContext(ctx, path, line[1:]...) //nolint:gosec // the commands are those of product.go
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
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
		_ = command.Wait() // it is told to end by a signal
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process without care for its data.
func (p *process) stop() error {
	const grace = 10 * time.Second
	if err := p.command.Process.Signal(syscall.SIGQUIT); errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	impatience := time.AfterFunc(grace, func() { _ = child.Kill(p.command) })
	defer impatience.Stop()
	<-p.ended
	return nil
}

// family returns the process and its children, who are in no group together.
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

// signal sends a signal to processes, of which some may have ended.
func signal(processes []int, what syscall.Signal) error {
	for _, id := range processes {
		if err := syscall.Kill(id, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal %d to process %d: %w", what, id, err)
		}
	}
	return nil
}
