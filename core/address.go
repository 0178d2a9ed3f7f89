package core

import (
	"net/netip"
	"sync"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// address returns the client's address, "" if it is unknown. It logs once why it
// may not be the client's.
func (k *Kit) address(r web.Request) string {
	client, doubt := k.proxies.Client(r)
	if doubt != 0 {
		k.doubts.log(k, client, doubt)
	}
	if !client.IsValid() {
		return ""
	}
	return client.String()
}

// doubts are the doubts about addresses that have been logged: each once, so that
// requests do not fill the log.
type doubts [len(doubtMessages)]sync.Once

// doubtMessages are the messages about doubts.
var doubtMessages = [...]string{
	httpapi.NoAddress:   `the peers of the socket have no address, so the number of failed logins is not limited: if a proxy in front sends X-Forwarded-For, add "unix" to trusted_proxies`,
	httpapi.LocalProxy:  "a proxy that trusted_proxies does not list forwards requests, so the addresses of clients are unknown and the number of failed logins is not limited: add the proxy's address",
	httpapi.PublicProxy: "a public address that trusted_proxies does not list sends the header field of a proxy: if it is a proxy, add its address, because all its clients share one limit of failed logins; if it is a client, ignore this",
	httpapi.NoForwarded: "a trusted proxy does not name the client in X-Forwarded-For, so the addresses of clients are unknown and the number of failed logins is not limited: let the proxy send that field",
}

func (d *doubts) log(k *Kit, client netip.Addr, doubt httpapi.Doubt) {
	d[doubt].Do(func() {
		peer := ""
		if client.IsValid() {
			peer = client.String()
		}
		k.log.Warn(doubtMessages[doubt], "event", "client_address_unknown", "address", peer)
	})
}
