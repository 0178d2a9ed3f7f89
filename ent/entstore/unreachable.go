package entstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Unreachable adds to an error at the start what the operator can do about a
// server that cannot be reached at the address. Other errors are returned as they
// are.
func Unreachable(address string, err error) error {
	var advice string
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS:
		advice = fmt.Sprintf("there is no host %s: change the host in url", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		advice = fmt.Sprintf("%s refuses connections: start the server, or change host and port in url", address)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		advice = fmt.Sprintf("%s does not respond: check that the server runs and that no firewall is in between, or change host and port in url", address)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		advice = fmt.Sprintf("there is no route to %s: check the network, or change the host in url", address)
	default:
		return err
	}
	return fmt.Errorf("%s: %w", advice, err)
}

func isTimeout(err error) bool {
	failure, ok := errors.AsType[net.Error](err)
	return ok && failure.Timeout()
}
