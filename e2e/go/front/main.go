// Front is the stand's way in: TLS for every name, git over smart HTTP, and a reverse proxy for everything else.
//
//	front ADDRESS CERTIFICATE KEY ROUTES
//
// It listens on port 443, and on port 80 for the names that the cluster uses inside.
// ROUTES is a JSON file, read again for every request, so that a scenario can move or cut a route while a run is
// under way: host name → {"proxy": "http://127.0.0.1:9000"} or {"git": DIRECTORY, "tokens": {TOKEN: "read"|"write"}}.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
)

type route struct {
	Proxy  string            `json:"proxy"`
	Git    string            `json:"git"`
	Tokens map[string]string `json:"tokens"`
}

type front struct {
	routes string
	git    string // path of the git program
}

func main() {
	if len(os.Args) != 5 {
		fail("usage: front ADDRESS CERTIFICATE KEY ROUTES")
	}
	git, err := exec.LookPath("git")
	if err != nil {
		fail(err)
	}
	handler := front{os.Args[4], git}
	go func() { fail(http.ListenAndServe(net.JoinHostPort(os.Args[1], "80"), handler)) }()
	fail(http.ListenAndServeTLS(net.JoinHostPort(os.Args[1], "443"), os.Args[2], os.Args[3], handler))
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "front:", why)
	os.Exit(1)
}

func (f front) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	found, err := f.find(request.Host)
	switch {
	case err != nil:
		http.Error(answer, err.Error(), http.StatusInternalServerError)
	case found.Git != "":
		f.serveGit(found, answer, request)
	case found.Proxy != "":
		proxy(found.Proxy, answer, request)
	default:
		http.Error(answer, "nothing answers for "+request.Host, http.StatusServiceUnavailable)
	}
}

func (f front) find(host string) (route, error) {
	content, err := os.ReadFile(f.routes)
	if err != nil {
		return route{}, err
	}
	routes := map[string]route{}
	if err := json.Unmarshal(content, &routes); err != nil {
		return route{}, err
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return routes[host], nil
}

// The host stays as it was asked for: S3 signs it.
func proxy(target string, answer http.ResponseWriter, request *http.Request) {
	address, err := url.Parse(target)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	reverse := httputil.ReverseProxy{
		Rewrite: func(made *httputil.ProxyRequest) {
			made.SetURL(address)
			made.SetXForwarded()
			made.Out.Host = made.In.Host
		},
		FlushInterval: -1,
	}
	reverse.ServeHTTP(answer, request)
}

func (f front) serveGit(found route, answer http.ResponseWriter, request *http.Request) {
	_, token, _ := request.BasicAuth()
	right := found.Tokens[token]
	if right == "" {
		answer.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(answer, "authentication needed", http.StatusUnauthorized)
		return
	}
	if right != "write" && pushes(request) {
		http.Error(answer, "permission to push denied", http.StatusForbidden)
		return
	}
	backend := cgi.Handler{
		Path: f.git,
		Args: []string{"http-backend"},
		Env: []string{
			"GIT_PROJECT_ROOT=" + found.Git, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=x-access-token",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0=true",
		},
		InheritEnv: []string{"PATH", "HOME"},
	}
	backend.ServeHTTP(answer, request)
}

func pushes(request *http.Request) bool {
	return strings.HasSuffix(request.URL.Path, "/git-receive-pack") ||
		request.URL.Query().Get("service") == "git-receive-pack"
}
