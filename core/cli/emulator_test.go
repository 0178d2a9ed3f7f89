package cli_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/cli"
)

func TestEmulator_PortInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cmd := cli.New()
	cmd.SetArgs([]string{"emulator", "--addr", listener.Addr().String(), "--api-key", "a"})
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "choose another port with --addr") {
		t.Errorf("got %v, want the fix", err)
	}
}
