// Command used asks for the flawed functions of golang.org/x/text and golang.org/x/net.
package main

import (
	"os"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/text/language"
)

func main() {
	tags, _, err := language.ParseAcceptLanguage(os.Args[0])
	if err != nil {
		panic(err)
	}
	if _, err := html.Parse(strings.NewReader(tags[0].String())); err != nil {
		panic(err)
	}
}
