package core

import (
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// applyCORS sets the CORS fields of a response of the application's own routes,
// replacing those of other middleware: browsers reject a field that is there
// twice. It returns the whole response instead if the request is a preflight.
func (k *Kit) applyCORS(r web.Request, header web.HeaderWriter) (preflight *web.Response) {
	if r.Preflight() {
		return k.preflight(r)
	}
	for _, f := range k.cors.Fields(r) {
		if f.Name == "Vary" {
			header.Add(f.Name, f.Value)
		} else {
			header.Set(f.Name, f.Value)
		}
	}
	return nil
}

// preflight returns the response to a preflight of the application's own routes,
// whose methods and header fields the kit does not know.
func (k *Kit) preflight(r web.Request) *web.Response {
	response := k.cors.Preflight(r, "GET, HEAD, POST, PUT, PATCH, DELETE", httpapi.RequestedHeaders(r))
	return &response
}
