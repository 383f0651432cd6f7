// Command crdcheck judges custom resources as the Kubernetes API server would, without one: unknown fields, the
// OpenAPI schema, list sets and maps, object metadata and CEL rules, all with the server's own code.
// It also reports defaults that the server would add inside a list, because Argo CD sees them as drift for ever.
//
//	crdcheck CRD.yaml… < documents > findings
//
// One JSON object a line, in: {"document": {…}}, out: {"index", "path", "message"}, where index counts the documents
// from 0. A document of another kind is a finding. Exit code 0 whatever it finds, 2 for input that it cannot read.
// `crdcheck -rules CRD.yaml…` prints the number of CEL rules of each kind instead.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type request struct {
	Document map[string]any `json:"document"`
}

type finding struct {
	Index   int    `json:"index"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

const longestLine = 8 << 20 // bytes

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crdcheck:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	countOnly := len(args) > 0 && args[0] == "-rules"
	if countOnly {
		args = args[1:]
	}
	kinds, err := readKinds(args)
	if err != nil {
		return err
	}
	if countOnly {
		printRules(kinds)
		return nil
	}
	return judgeAll(kinds)
}

func printRules(kinds map[gvk]*kind) {
	names := make([]string, 0, len(kinds))
	for id, k := range kinds {
		names = append(names, fmt.Sprintf("%s %d", id, k.rules))
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Println(name)
	}
}

func judgeAll(kinds map[gvk]*kind) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	out := json.NewEncoder(os.Stdout)
	for index := 0; lines.Scan(); index++ {
		var r request
		// The server tells integers from floats, and so do its rules; encoding/json does not.
		if err := utiljson.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("document %d: %w", index, err)
		}
		for _, f := range judge(kinds, r.Document) {
			f.Index = index
			if err := out.Encode(f); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}
