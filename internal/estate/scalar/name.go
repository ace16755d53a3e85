package scalar

import "strings"

// IsName takes names that are fit for a path and a subject.
func IsName(s string) bool {
	if s == "" || len(s) > 100 || !IsAlnum(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !IsAlnum(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// IsZone takes the forms of the time zone database: UTC, Europe/Berlin, America/Argentina/Ushuaia.
func IsZone(s string) bool {
	if s == "" || len(s) > 64 || strings.EqualFold(s, "local") {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] < 'A' || part[0] > 'Z' {
			return false
		}
		for _, c := range []byte(part) {
			if !IsAlnum(c) && !strings.ContainsRune("_-+", rune(c)) {
				return false
			}
		}
	}
	return true
}

// IsCalendar takes ISO 3166-1 and -2 codes in lower case.
func IsCalendar(s string) bool {
	country, region, has := strings.Cut(s, "-")
	if len(country) != 2 || has && (len(region) < 1 || len(region) > 3) {
		return false
	}
	for _, c := range []byte(country) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	for _, c := range []byte(region) {
		if !IsAlnum(c) || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// IsRequirement takes ids such as A.5.2.12.
func IsRequirement(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 3 || len(parts) > 5 || len(parts[0]) != 1 || parts[0][0] < 'A' || parts[0][0] > 'Z' {
		return false
	}
	for _, p := range parts[1:] {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" || p[0] == '0' {
			return false
		}
	}
	return true
}

// WrongRepository tells what is wrong with the name of an image, "" when nothing is.
func WrongRepository(s string) string {
	last := s[strings.LastIndexByte(s, '/')+1:]
	switch {
	case strings.Contains(s, "://"):
		return "has a scheme; write registry/repository"
	case strings.Contains(s, "@"):
		return "has a digest; write registry/repository"
	case strings.Contains(last, ":"):
		return "has a tag; write registry/repository, and the tag as channel"
	case s != strings.ToLower(s):
		return "must be in lower case"
	case strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-/:") != "" || last == "" || s[0] == '/':
		return "is not a repository such as registry.example/shop/web"
	}
	return ""
}
