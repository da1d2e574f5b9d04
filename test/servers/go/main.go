// Serves the scripts of a folder at /cgi-bin/ with net/http/cgi, the way its documentation has it.
package main

import (
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	address, root := os.Args[1], os.Args[2]
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/", func(response http.ResponseWriter, request *http.Request) {
		script := find(root, request.URL.Path)
		if script == "" {
			http.NotFound(response, request)
			return
		}
		handler := cgi.Handler{
			Path:                filepath.Join(root, script),
			Root:                script,
			PathLocationHandler: mux,
		}
		handler.ServeHTTP(response, request)
	})
	log.Fatal(http.ListenAndServe(address, mux))
}

// The first part of the path that names a regular file below the root; empty if there is none.
func find(root string, path string) string {
	script := ""
	for _, segment := range strings.Split(path, "/")[1:] {
		script += "/" + segment
		info, err := os.Stat(filepath.Join(root, script))
		if err != nil {
			return ""
		}
		if info.Mode().IsRegular() {
			return script
		}
	}
	return ""
}
