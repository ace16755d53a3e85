// Command unused is built from the same modules, and asks for other functions.
package main

import (
	"os"

	"golang.org/x/net/html/atom"
	"golang.org/x/text/width"
)

func main() {
	os.Stdout.WriteString(width.Narrow.String(atom.Lookup([]byte(os.Args[0])).String()))
}
