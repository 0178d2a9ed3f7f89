package main

import (
	"embed"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// page serves the page, which signs in at the emulator and shows the orders.
func page() http.Handler {
	files := http.FileServerFS(pageFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r.URL.Path = "/page" + r.URL.Path
		files.ServeHTTP(w, r)
	})
}
