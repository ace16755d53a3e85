package accounts

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Sizes of the records of glibc on 64-bit little-endian machines (bits/utmp.h).
const (
	lastlogRecord = 292 // 4 time, 32 terminal, 256 host
	utmpRecord    = 384
	utmpUser      = 44
	utmpUserLen   = 32
	utmpTime      = 340
	userProcess   = 7
)

// logins notes the day of each account's last log-in. lastlog must be there: wtmp alone is rotated
// away every month.
func (a *Accounts) logins(ev *host.Evidence) {
	if _, missing := ev.Stat("/var/lib/lastlog/lastlog2.db"); missing == nil {
		a.logins2(ev)
		return
	}
	lastlog, wtmp := ev.File("/var/log/lastlog"), ev.File("/var/log/wtmp")
	a.Note(PartLogins, lastlog.Err)
	last := map[string]string{}
	recorded := false
	for _, u := range a.Users {
		if day := lastlogDay(lastlog.Data, u.UID); day != "" {
			recorded = true
			last[u.Name] = day
		}
	}
	for name, day := range wtmpDays(wtmp.Data) {
		last[name] = max(last[name], day)
	}
	a.lastLogins(ev, last)
	if recorded {
		return
	}
	a.Note(PartLogins, &fact.Problem{Cause: fact.Unsupported, Source: "/var/log/lastlog", Text: "no log-in of any account is recorded there"})
}

// lastlog2 prints the database that follows lastlog in util-linux 2.40 and later.
var lastlog2 = &host.Command{Name: "lastlog2", Argv: []string{"lastlog2"}, Root: true, Why: "the last log-in of each account, where util-linux keeps it"}

func (a *Accounts) logins2(ev *host.Evidence) {
	out := ev.Output(lastlog2)
	switch {
	case out.Err == nil:
	case out.Err.Cause == fact.NotFound:
		a.Note(PartLogins, &fact.Problem{Cause: fact.Unsupported, Source: "lastlog2", Text: "the database of log-ins is there, the program that prints it is not", How: "lastlog2"})
		return
	default:
		a.Note(PartLogins, out.Err)
		return
	}
	last := lastlog2Days(string(out.Stdout))
	if len(last) == 0 {
		a.Note(PartLogins, &fact.Problem{Cause: fact.Unsupported, Source: "lastlog2", Text: "no log-in of any account is recorded there"})
	}
	a.lastLogins(ev, last)
}

// lastLogins notes the days, or later ones of which sshd's log tells: without PAM it writes no other
// record. The log alone is no record of who never came, for it is rotated.
func (a *Accounts) lastLogins(ev *host.Evidence, last map[string]string) {
	for _, log := range []string{"/var/log/auth.log", "/var/log/secure"} {
		for name, day := range acceptedDays(ev.File(log).Data) {
			last[name] = max(last[name], day)
		}
	}
	for i := range a.Users {
		a.Users[i].LastLogin = last[a.Users[i].Name]
	}
}

// acceptedDays reads lines such as "2026-11-24T02:16:14.123456+00:00 web-1 sshd[812]: Accepted publickey
// for erika from 10.9.0.7 port 50022 ssh2". Those with a time of the old form are passed over: it holds
// no year. Who can write other lines into the log can only make an account look used.
func acceptedDays(log []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(log) {
		f := bytes.Fields(line)
		if len(f) < 8 || !bytes.HasPrefix(f[2], []byte("sshd")) || string(f[3]) != "Accepted" || string(f[5]) != "for" || string(f[7]) != "from" {
			continue
		}
		if at, err := time.Parse(time.RFC3339Nano, string(f[0])); err == nil {
			name := string(f[6])
			out[name] = max(out[name], at.UTC().Format(time.DateOnly))
		}
	}
	return out
}

// lastlog2Days reads lines such as "erika  pts/0  10.9.0.7  Tue Jul 16 10:04:32 +0200 2026": the account
// comes first, the time last. Who never logged in has no time.
func lastlog2Days(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 7 {
			continue
		}
		at, err := time.Parse("Jan 2 15:04:05 -0700 2006", strings.Join(f[len(f)-5:], " "))
		if err == nil {
			out[f[0]] = at.UTC().Format(time.DateOnly)
		}
	}
	return out
}

func lastlogDay(data []byte, uid int) string {
	at := uid * lastlogRecord
	if at < 0 || at+lastlogRecord > len(data) {
		return ""
	}
	return unixDay(binary.LittleEndian.Uint32(data[at:]))
}

func wtmpDays(data []byte) map[string]string {
	out := map[string]string{}
	for ; len(data) >= utmpRecord; data = data[utmpRecord:] {
		if binary.LittleEndian.Uint16(data) != userProcess {
			continue
		}
		name := data[utmpUser : utmpUser+utmpUserLen]
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		day := unixDay(binary.LittleEndian.Uint32(data[utmpTime:]))
		out[string(name)] = max(out[string(name)], day)
	}
	return out
}

func unixDay(seconds uint32) string {
	if seconds == 0 {
		return ""
	}
	return time.Unix(int64(seconds), 0).UTC().Format(time.DateOnly)
}
