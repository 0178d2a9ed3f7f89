package engine

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
)

// resumer is a process that continues stopped processes when its standard
// input is closed, which also happens when this process is killed. A stopped
// backend of PostgreSQL would never notice that its server has been killed.
type resumer struct {
	command *exec.Cmd
	input   io.Closer
}

func startResumer(processes []int) (*resumer, error) {
	arguments := []string{"-c", `cat; kill -CONT "$@" 2>/dev/null || :`, "resumer"}
	for _, id := range processes {
		arguments = append(arguments, strconv.Itoa(id))
	}
	command := exec.CommandContext(context.Background(), "sh", arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal does not reach it
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err //nolint:wrapcheck // names the pipe
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start resumer: %w", err)
	}
	return &resumer{command, input}, nil
}

func (r *resumer) resume() error {
	_ = r.input.Close() // Wait reports what matters
	if err := r.command.Wait(); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}
