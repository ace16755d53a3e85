package scalar

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is so many requests in a time; the zero Rate means none was declared.
type Rate struct {
	Count int
	Per   time.Duration
}

// UnmarshalText reads 50/s, 50/m or 50/h.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := strconv.ParseUint(number, 10, 31)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if err != nil || per == 0 || n == 0 {
		return errors.New("is not a rate such as 50/s or 600/m")
	}
	*r = Rate{int(n), per}
	return nil
}

func (r Rate) String() string {
	switch r.Per {
	case time.Second:
		return strconv.Itoa(r.Count) + "/s"
	case time.Minute:
		return strconv.Itoa(r.Count) + "/m"
	case time.Hour:
		return strconv.Itoa(r.Count) + "/h"
	}
	return ""
}

func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (Rate) Form() (pattern, example string) { return `^[0-9]+/[smh]$`, "50/s" }

// Size is a number of bytes.
type Size int64

// units are decimal, as on a disk's label; KiB and the like are the binary ones. Larger come first,
// so that String finds the shortest form.
var units = []struct {
	name string
	size Size
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

// UnmarshalText reads 10MB, 4KiB or 512B.
func (s *Size) UnmarshalText(text []byte) error {
	number := strings.TrimRight(string(text), "TGMKiB")
	n, err := strconv.ParseUint(number, 10, 40)
	for _, u := range units {
		if err == nil && u.name == string(text[len(number):]) && n > 0 && Size(n) < 1<<62/u.size {
			*s = Size(n) * u.size
			return nil
		}
	}
	return errors.New("is not a size such as 10MB or 512KiB")
}

func (s Size) String() string {
	for _, u := range units {
		if s != 0 && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return ""
}

func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (Size) Form() (pattern, example string) { return `^[0-9]+([TGMK]i?)?B$`, "10MB" }

// Percent is a share in hundredths, 1 to 100; 0 means that none was declared.
type Percent int

// UnmarshalText reads 20%.
func (p *Percent) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "%")
	n, err := strconv.ParseUint(number, 10, 8)
	if !ok || err != nil || n == 0 || n > 100 {
		return errors.New("is not a share between 1% and 100%")
	}
	*p = Percent(n)
	return nil
}

func (p Percent) String() string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(int(p)) + "%"
}

func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (Percent) Form() (pattern, example string) { return `^[0-9]{1,3}%$`, "20%" }
