package advisory

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// sort is what content is, whatever its name.
type sort int

const (
	unknown sort = iota
	sortZip
	sortGzip
	sortZstd
	sortTar
	sortRecord  // one record of OSV
	sortRecords // an array of them
	sortKEV
	sortEPSS
	sortEOL
)

// recognise tells by the first bytes what content is.
func recognise(head []byte) sort {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sortZip
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return sortGzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return sortZstd
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return sortTar
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("#model_version")), bytes.HasPrefix(text, []byte("cve,epss")):
		return sortEPSS
	case bytes.HasPrefix(text, []byte("cveID,")), bytes.HasPrefix(text, []byte(`"cveID",`)):
		return sortKEV
	case bytes.HasPrefix(text, []byte("{")):
		return object(text)
	case bytes.HasPrefix(text, []byte("[")):
		inner := bytes.TrimLeft(text[1:], " \t\r\n")
		switch s := object(inner); {
		case s == sortRecord:
			return sortRecords
		case s == sortEOL:
			return sortEOL
		case bytes.HasPrefix(inner, []byte("]")):
			return sortRecords
		}
	}
	return unknown
}

// object tells by the names at its top what a JSON object is, as far as it can be read.
func object(text []byte) sort {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return unknown
	}
	seen := map[string]bool{}
	for len(seen) < 64 {
		t, err := d.ReadToken()
		if err != nil || t.Kind() != '"' {
			break
		}
		seen[t.String()] = true
		// What tells them apart stands before the long lists.
		switch {
		case seen["vulnerabilities"] && (seen["catalogVersion"] || seen["dateReleased"]):
			return sortKEV
		case seen["products"] && (seen["commit"] || seen["license"]), seen["result"] && seen["schema_version"] && (seen["generated_at"] || seen["last_modified"]), seen["cycle"] && (seen["eol"] || seen["releaseDate"]):
			return sortEOL
		}
		if seen["id"] && (seen["modified"] || seen["affected"] || seen["published"] || seen["schema_version"]) {
			return sortRecord
		}
		if err := d.SkipValue(); err != nil {
			break
		}
	}
	if seen["id"] && (seen["summary"] || seen["details"] || seen["aliases"]) && len(seen) > 1 {
		return sortRecord
	}
	return unknown
}
