package accounts

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Parse reads the fact from evidence.
func Parse(ev *host.Evidence, key fact.Key) Accounts {
	var a Accounts
	a.users(ev)
	a.shadow(ev, key)
	a.groups(ev)
	a.settings(ev)
	a.profile(ev)
	a.homes(ev)
	a.keys(ev)
	a.logins(ev)
	return a
}

// read gives a file's lines. The gap is noted under part when the file could not be read.
func (a *Accounts) read(ev *host.Evidence, part, p string) (lines []string, exists bool) {
	f := ev.File(p)
	if f.Err != nil {
		a.Note(part, f.Err)
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(f.Text(), "\n"), "\n"), true
}

// entries walks over the lines of a file in the form of /etc/passwd. Entries of NIS and broken lines
// are kept aside.
func (a *Accounts) entries(ev *host.Evidence, part, p string, fields int, use func(f []string, source string) string) {
	lines, _ := a.read(ev, part, p)
	for i, line := range lines {
		source := fmt.Sprintf("%s:%d", p, i+1)
		line = strings.TrimRight(line, "\r")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			continue
		case line[0] == '+' || line[0] == '-':
			a.NISLines = append(a.NISLines, source)
			continue
		}
		f := strings.Split(line, ":")
		wrong := ""
		if len(f) != fields {
			wrong = fmt.Sprintf("has %d fields, want %d", len(f), fields)
		} else if f[0] == "" {
			wrong = "has no name"
		} else {
			wrong = use(f, source)
		}
		if wrong != "" {
			a.Faulty = append(a.Faulty, FaultyEntry{Path: p, Source: source, Text: wrong})
		}
	}
}

func (a *Accounts) users(ev *host.Evidence) {
	a.entries(ev, PartPasswd, "/etc/passwd", 7, func(f []string, source string) string {
		uid, err1 := number(f[2])
		gid, err2 := number(f[3])
		if err1 != nil || err2 != nil {
			return "its account or group number is not a number"
		}
		u := User{Name: f[0], UID: uid, GID: gid, Home: f[5], Shell: f[6], Source: source}
		switch f[1] {
		case "x":
		default:
			u.Password = password(f[1], fact.Key{})
			u.Password.InPasswd, u.Password.Source = true, source
		}
		a.Users = append(a.Users, u)
		return ""
	})
}

func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err
}

// shadow adds states and aging. The fields of /etc/passwd are read again here, because only now the
// key for fingerprints is at hand.
func (a *Accounts) shadow(ev *host.Evidence, key fact.Key) {
	at := map[string]int{}
	for i := range a.Users {
		u := &a.Users[i]
		if _, twice := at[u.Name]; !twice {
			at[u.Name] = i
		}
	}
	if f := ev.File("/etc/passwd"); f.Found() {
		for line := range strings.Lines(f.Text()) {
			parts := strings.Split(line, ":")
			i, ok := at[parts[0]]
			if ok && len(parts) == 7 && a.Users[i].Password.InPasswd && a.Users[i].Password.Verifier != "" {
				a.Users[i].Password.Verifier = password(parts[1], key).Verifier
			}
		}
	}
	seen := map[string]bool{}
	a.entries(ev, PartShadow, "/etc/shadow", 9, func(f []string, source string) string {
		i, ok := at[f[0]]
		if !ok || seen[f[0]] {
			return ""
		}
		seen[f[0]] = true
		u := &a.Users[i]
		if !u.Password.InPasswd {
			u.Password = password(f[1], key)
			u.Password.Source = source
		}
		u.Aging = &Aging{Changed: dayOf(f[2]), Min: days(f[3]), Max: days(f[4]), Warn: days(f[5]), Inactive: days(f[6]), Expires: dayOf(f[7])}
		return ""
	})
	if _, gap := a.Gaps[PartShadow]; gap {
		return
	}
	for i := range a.Users {
		if u := &a.Users[i]; u.Password.State == "" {
			u.Password.State = PasswordNone // x without an entry matches nothing
		}
	}
}

func (a *Accounts) groups(ev *host.Evidence) {
	a.entries(ev, PartGroup, "/etc/group", 4, func(f []string, source string) string {
		gid, err := number(f[2])
		if err != nil {
			return "its group number is not a number"
		}
		g := Group{Name: f[0], GID: gid, Members: list(f[3]), Source: source}
		g.Password = f[1] != "x" && password(f[1], fact.Key{}).State == PasswordHashed
		a.Groups = append(a.Groups, g)
		return ""
	})
	a.entries(ev, PartGshadow, "/etc/gshadow", 4, func(f []string, _ string) string {
		for i := range a.Groups {
			if g := &a.Groups[i]; g.Name == f[0] && password(f[1], fact.Key{}).State == PasswordHashed {
				g.Password = true
			}
		}
		return ""
	})
}

func list(s string) []string {
	var out []string
	for m := range strings.SplitSeq(s, ",") {
		if m = strings.TrimSpace(m); m != "" {
			out = append(out, m)
		}
	}
	return out
}

func (a *Accounts) settings(ev *host.Evidence) {
	if lines, ok := a.read(ev, PartLoginDefs, "/etc/login.defs"); ok {
		a.LoginDefs = settingsOf("/etc/login.defs", lines, func(line string) (string, string, bool) {
			f := strings.Fields(line)
			if len(f) < 2 {
				return "", "", false
			}
			return f[0], strings.Trim(f[1], `"`), true
		})
		a.product(PartLoginDefs, "/etc/login.defs")
	}
	if lines, ok := a.read(ev, PartUseradd, "/etc/default/useradd"); ok {
		a.Useradd = settingsOf("/etc/default/useradd", lines, func(line string) (string, string, bool) {
			name, value, ok := strings.Cut(line, "=")
			return strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`), ok
		})
		a.product(PartUseradd, "/etc/default/useradd")
	}
}

func (a *Accounts) product(part, p string) {
	if a.Products == nil {
		a.Products = map[string]string{}
	}
	a.Products[part] = p
}

func settingsOf(p string, lines []string, split func(string) (name, value string, ok bool)) map[string]Value {
	var out map[string]Value
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		if name, value, ok := split(strings.TrimSpace(line)); ok {
			if out == nil {
				out = map[string]Value{}
			}
			out[name] = Value{Value: value, Source: fmt.Sprintf("%s:%d", p, i+1)}
		}
	}
	return out
}

// profile finds umask and TMOUT in the files that shells read at log-in. Conditions around them are
// not evaluated: the lines are judged as they stand.
func (a *Accounts) profile(ev *host.Evidence) {
	files := []string{"/etc/profile", "/etc/bash.bashrc", "/etc/bashrc"}
	more, problem := ev.Glob("/etc/profile.d/*.sh")
	a.Note(PartProfile, problem)
	for _, f := range more {
		files = append(files, f.Path)
	}
	for _, p := range files {
		lines, _ := a.read(ev, PartProfile, p)
		for i, line := range lines {
			line, _, _ = strings.Cut(line, "#")
			for statement := range strings.SplitSeq(line, ";") {
				if name, value, ok := shellSetting(strings.Fields(statement)); ok {
					a.Profile = append(a.Profile, ProfileSetting{Name: name, Value: value, Path: p, Source: fmt.Sprintf("%s:%d", p, i+1)})
				}
			}
		}
	}
}

func shellSetting(words []string) (name, value string, ok bool) {
	for i, w := range words {
		switch v, is := strings.CutPrefix(w, "TMOUT="); {
		case is && isNumber(v):
			return "TMOUT", strings.Trim(v, `"'`), true
		case w == "umask" && i+1 < len(words) && isNumber(words[i+1]):
			return "umask", words[i+1], true
		}
	}
	return "", "", false
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(strings.Trim(s, `"'`))
	return err == nil
}

func (a *Accounts) homes(ev *host.Evidence) {
	if p, ok := a.Gaps[PartPasswd]; ok {
		a.Note(PartHomes, &p)
	}
	for i := range a.Users {
		u := &a.Users[i]
		if !followable(u.Home) {
			continue
		}
		place, problem := placeAt(ev, u.Home)
		a.Note(PartHomes, problem)
		u.HomePlace = place
	}
}

func placeAt(ev *host.Evidence, p string) (*Place, *fact.Problem) {
	i, problem := ev.Stat(p)
	if problem == nil && i.Link != "" {
		if j, missing := ev.Stat(linkTarget(i)); missing == nil {
			i = j
		} else if missing.Cause == fact.NotFound {
			return &Place{Path: p, Sort: "missing"}, nil
		}
	}
	if problem != nil {
		if problem.Cause == fact.NotFound {
			return &Place{Path: p, Sort: "missing"}, nil
		}
		return nil, problem
	}
	place := placeOf(i)
	return &place, nil
}

func placeOf(i host.Info) Place {
	out := Place{Path: i.Path, Sort: "other", Mode: permissions(i.Mode), UID: i.UID, GID: i.GID}
	switch {
	case i.Mode.IsDir():
		out.Sort = "folder"
	case i.Mode&fs.ModeSymlink != 0 || i.Link != "":
		out.Sort, out.Mode = "link", 0
	case i.Mode.IsRegular():
		out.Sort = "file"
	}
	return out
}

func permissions(m fs.FileMode) int {
	n := int(m.Perm())
	if m&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return n
}

// keyPatterns gives the files that sshd reads keys from: those of its default and those that its
// configuration names, in any block.
func keyPatterns(ev *host.Evidence, note func(*fact.Problem)) []string {
	out := []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
	files := []host.File{ev.File("/etc/ssh/sshd_config")}
	more, problem := ev.Glob("/etc/ssh/sshd_config.d/*.conf")
	if note != nil {
		note(problem)
	}
	for _, f := range append(files, more...) {
		if f.Err != nil && note != nil {
			note(f.Err)
		}
		for line := range strings.Lines(f.Text()) {
			words := strings.Fields(strings.Replace(line, "=", " ", 1))
			if len(words) < 2 || !strings.EqualFold(words[0], "AuthorizedKeysFile") {
				continue
			}
			for _, w := range words[1:] {
				if w = strings.Trim(w, `"`); w != "none" && !slices.Contains(out, w) && !strings.HasPrefix(w, "#") {
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// keyPaths fills the patterns in for one account. Two patterns may lead to one file.
func keyPaths(patterns []string, u User) []string {
	var out []string
	tokens := strings.NewReplacer("%%", "%", "%h", u.Home, "%u", u.Name, "%U", strconv.Itoa(u.UID))
	for _, p := range patterns {
		if strings.Contains(p, "%") {
			p = tokens.Replace(p)
		}
		if !strings.HasPrefix(p, "/") {
			p = path.Join(u.Home, p)
		}
		if p = path.Clean(p); followable(p) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (a *Accounts) keys(ev *host.Evidence) {
	note := func(p *fact.Problem) { a.Note(PartKeys, p) }
	if p, ok := a.Gaps[PartPasswd]; ok {
		note(&p)
	}
	patterns := keyPatterns(ev, note)
	for _, u := range a.Users {
		if !followable(u.Home) {
			continue
		}
		for _, p := range keyPaths(patterns, u) {
			f := ev.File(p)
			if f.Err != nil {
				note(f.Err)
				continue
			}
			k := KeyFile{Account: u.Name, File: placeOf(f.Info)}
			if f.Real != "" {
				k.File.Path = f.Real
			}
			if k.File.Sort == "link" {
				k.File.Sort, k.File.Mode = "file", permissions(f.Mode)
			}
			folder, problem := placeAt(ev, path.Dir(p))
			note(problem)
			k.Folder = folder
			k.Keys, k.Faulty = authorizedKeys(p, f.Text())
			a.KeyFiles = append(a.KeyFiles, k)
		}
	}
	slices.SortStableFunc(a.KeyFiles, func(x, y KeyFile) int {
		return strings.Compare(x.Account+"\x00"+x.File.Path, y.Account+"\x00"+y.File.Path)
	})
}
