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

// Limits of the emulator's server. writeTimeout exceeds its slowest fault.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = time.Minute
	maxHeader    = 16 << 10
	grace        = 10 * time.Second // for running requests after a signal
)

func newEmulator() *cobra.Command {
	var addr, apiKey string
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run the Cotter emulator alone, until it is interrupted",
		Long: `Run the Cotter emulator alone, until SIGINT or SIGTERM.

It has new keys at each start, stores nothing, and accepts requests from this
machine only: anyone who can reach it can sign in as any user.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runEmulator(ctx, cmd, addr, apiKey)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "HOST:PORT to listen on; the host must be loopback and defaults to localhost; port 0 picks a free port")
	cmd.Flags().StringVar(&apiKey, "api-key", "", "the API key ID to accept (required)")
	return cmd
}

// runEmulator serves until ctx is done.
func runEmulator(ctx context.Context, cmd *cobra.Command, addr, apiKey string) error {
	if apiKey == "" {
		return errors.New("emulator: --api-key is required: the API key ID that the application's block provider \"cotter\" has")
	}
	host, port, err := splitLoopback(addr)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return listenError(err)
	}
	defer func() { _ = listener.Close() }() // a second time after serve
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

// listenError adds the fix to the error of a port that is in use.
func listenError(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("emulator: %w: stop the other process, or choose another port with --addr", err)
	}
	return fmt.Errorf("emulator: %w", err)
}

// splitLoopback splits --addr, whose host must be loopback.
func splitLoopback(addr string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(addr)
	if err != nil {
		return "", "", fmt.Errorf("emulator: --addr must be HOST:PORT: %w", err)
	}
	host = cmp.Or(host, "localhost")
	if !web.IsLoopback(host) {
		return "", "", errors.New("emulator: --addr must be a loopback address, such as 127.0.0.1:0: anyone who can reach the emulator can sign in as any user")
	}
	return host, port, nil
}

// urlOf returns the URL of a listener, with the host of --addr.
func urlOf(host string, listener net.Listener) (string, error) {
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// serve handles requests until ctx is done, and then completes the running ones.
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
