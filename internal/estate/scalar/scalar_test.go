package scalar

import (
	"encoding"
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, row := range []struct{ d, from, want string }{
		{"30m", "2026-11-23 10:00", "2026-11-23 10:30"},
		{"4h", "2026-11-23 22:00", "2026-11-24 02:00"},
		{"30d", "2026-02-01 10:00", "2026-03-03 10:00"},
		{"6mo", "2026-08-31 12:00", "2027-02-28 12:00"},
		{"1mo", "2026-01-31 12:00", "2026-02-28 12:00"},
		{"12mo", "2028-02-29 12:00", "2029-02-28 12:00"},
	} {
		d, err := ParseDuration(row.d)
		if got := d.From(at(row.from)); err != nil || !got.Equal(at(row.want)) || d.String() != row.d {
			t.Errorf("%s from %s is %s (%v), want %s", d, row.from, got, err, row.want)
		}
	}
	if d := (Duration{Days: 1}); !d.Before(at("2026-03-01 00:00")).Equal(at("2026-02-28 00:00")) {
		t.Error("a day before March")
	}
	for _, bad := range []string{"", "d", "30", "-1d", "+1d", "1.5h", "1h30m", "1w", "30 d", "0m", "9999999d", "1000000d", "30D", "m30"} {
		if d, err := ParseDuration(bad); err == nil || !d.IsZero() && bad != "0m" && bad != "1000000d" {
			t.Errorf("%q is read as %s", bad, d)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, row := range []struct {
		days, hours, now string
		want             bool
	}{
		{"mon-fri", "07:00-19:00", "Mon 07:00", true},
		{"mon-fri", "07:00-19:00", "Mon 19:00", false},
		{"mon-fri", "07:00-19:00", "Sat 12:00", false},
		{"tue", "22:00-02:00", "Tue 23:59", true},
		{"tue", "22:00-02:00", "Wed 01:59", true},
		{"tue", "22:00-02:00", "Wed 22:30", false},
		{"tue", "22:00-02:00", "Tue 01:00", false},
		{"fri-mon", "00:00-24:00", "Sun 12:00", true},
		{"fri-mon", "00:00-24:00", "Tue 12:00", false},
		{"", "", "Sun 03:00", true},
		{"sat,sun", "", "Sun 03:00", true},
	} {
		var d Days
		var h Hours
		if row.days != "" && d.UnmarshalText([]byte(row.days)) != nil || row.hours != "" && h.UnmarshalText([]byte(row.hours)) != nil {
			t.Fatalf("%s %s is refused", row.days, row.hours)
		}
		day, clock, _ := strings.Cut(row.now, " ")
		now, err := time.Parse("2006-01-02 15:04", "2026-11-22 "+clock) // a Sunday
		if err != nil {
			t.Fatal(err)
		}
		now = now.AddDate(0, 0, dayOf(strings.ToLower(day)))
		if got := Within(d, h, now); got != row.want {
			t.Errorf("%s %s at %s: %v", row.days, row.hours, row.now, got)
		}
	}
}

// TestTextReadsAsWritten holds for every type that is text in a file: what it writes, it reads as the same.
func TestTextReadsAsWritten(t *testing.T) {
	type text interface {
		encoding.TextUnmarshaler
		encoding.TextMarshaler
	}
	for _, row := range []struct {
		value text
		texts string
	}{
		{new(Duration), "1s 90s 30m 4h 25h 30d 6mo"},
		{new(Date), "2026-11-23 2028-02-29"},
		{new(Moment), "2026-11-23T09:00 2026-11-23T00:00"},
		{new(Days), "mon tue mon,tue mon-wed mon-fri sat,sun mon-sun mon-wed,fri"},
		{new(Hours), "07:00-19:00 22:00-02:00 00:00-24:00"},
		{new(Rate), "1/s 50/s 600/m 5/h"},
		{new(Size), "1B 10MB 512KiB 1GiB 1500KB 3TB"},
		{new(Percent), "1% 100%"},
		{new(Network), "10.0.0.0/8 fd00::/8 0.0.0.0/0"},
		{new(HostPort), "a.example:443 *.a.example:443 10.0.0.0/8:443 [fd00::1]:443 shop-db:1"},
		{new(Listen), ":22 10.0.0.1:22 [::1]:22 localhost:22"},
		{new(Host), "a.example 10.0.0.1 fd00::1 a_b.example"},
		{new(Email), "a@b.example a+b@c.example"},
		{new(Secret), "env:A file:/a vault:a/b systemd:a"},
		{new(FileRef), "file:a/b.pem https://a.example/b"},
		{new(URL), "https://a.example smtp://a:25 https://u@a.example/x?y=z"},
		{new(Where), "prod/web-1 prod/* */web-[0-9]"},
		{new(Pattern), "^SHOP-[0-9]+$"},
		{new(LogSource), "journald syslog file:/var/log/x"},
		{new(Target), "https://a.example:8443/x tls://a:1 starttls+smtp://a starttls+nntp://a postgres://a mysql://a redis://a " +
			"ssh://u@a:22 host:local rootfs:/a image:a/b:1 image:oci:/a image:tar:/a image:engine:a engine:unix:///a " +
			"engine:ssh://a k8s:ctx k8s:./dir sbom:a.json tfstate:a.tfstate"},
	} {
		for _, want := range strings.Fields(row.texts) {
			if err := row.value.UnmarshalText([]byte(want)); err != nil {
				t.Errorf("%T: %s %v", row.value, want, err)
				continue
			}
			if got, err := row.value.MarshalText(); err != nil || string(got) != want {
				t.Errorf("%T: %s is written as %s (%v)", row.value, want, got, err)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"high", "medium", "low", "systems", "environment"}
	for word, want := range map[string]string{
		"hihg": "high", "HIGH": "high", "hig": "high", "lwo": "low", "lo": "low", "sistems": "systems", "systmes": "systems",
		"enviroment": "environment", "envrionmnet": "environment", "xyz": "", "": "", "h": "", "lowest": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
