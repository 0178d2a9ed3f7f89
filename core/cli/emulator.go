package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
)

// Bounds of the emulator's server. Writing takes as long as its slowest fault.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = time.Minute
	maxHeader    = 16 << 10
	grace        = 10 * time.Second // for requests that run when it is stopped
)

func newEmulator() *cobra.Command {
	var addr, apiKey string
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run the Cotter emulator alone, until it is interrupted",
		Long: `Run the Cotter emulator alone, until SIGINT or SIGTERM.

It has new keys at each start, forgets everything at its end, and answers this
machine alone: whoever reaches it can sign in as anybody.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runEmulator(ctx, cmd, addr, apiKey)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "HOST:PORT to listen on: a loopback host, localhost if left out; port 0 picks one")
	cmd.Flags().StringVar(&apiKey, "api-key", "", "the API key ID that it knows (required)")
	if err := cmd.MarkFlagRequired("api-key"); err != nil {
		panic(err) // the flag stands one line above
	}
	return cmd
}

// runEmulator serves until ctx ends.
func runEmulator(ctx context.Context, cmd *cobra.Command, addr, apiKey string) error {
	host, port, err := splitLoopback(addr)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	defer func() { _ = listener.Close() }() // the server may not have got it
	url, err := urlOf(host, listener)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	handler, err := emulator.New(emulator.Options{APIKeyID: apiKey, IssuerURL: url, Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "listening on %s\n", url)
	if wantsJSON(cmd) {
		if err := printJSON(cmd, map[string]string{"url": url}); err != nil {
			return err
		}
	}
	return serve(ctx, listener, handler, log)
}

// splitLoopback returns the parts of --addr, whose host must be this machine.
func splitLoopback(addr string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(addr)
	if err != nil {
		return "", "", fmt.Errorf("emulator: --addr must be HOST:PORT: %w", err)
	}
	host = cmp.Or(host, "localhost")
	if !web.IsLoopback(host) {
		return "", "", errors.New("emulator: --addr must be a loopback address, such as 127.0.0.1:0: whoever reaches the emulator can sign in as anybody")
	}
	return host, port, nil
}

// urlOf returns the URL of a listener, with the host as it was asked for and
// the port as it became.
func urlOf(host string, listener net.Listener) (string, error) {
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// serve answers requests until ctx ends, and then finishes those that run.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:        handler,
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("emulator: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	return nil
}
