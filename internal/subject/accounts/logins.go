package accounts

import (
	"encoding/binary"
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
	for i := range a.Users {
		a.Users[i].LastLogin = last[a.Users[i].Name]
	}
	if recorded {
		return
	}
	p := &fact.Problem{Cause: fact.Unsupported, Source: "/var/log/lastlog", Text: "no log-in of any account is recorded there"}
	if _, missing := ev.Stat("/var/lib/lastlog/lastlog2.db"); missing == nil {
		p.Source, p.Text, p.How = "/var/lib/lastlog/lastlog2.db", "is a database that is not read yet", "lastlog2"
	}
	a.Note(PartLogins, p)
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
