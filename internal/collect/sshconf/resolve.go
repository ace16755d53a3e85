package sshconf

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Query is what is asked for. User and Port given here win over every file, as on ssh's command line.
type Query struct {
	Host      string
	User      string
	LocalUser string // for "Match localuser" and as default of "Match user"
	Home      string // for ~ and for Include without a leading slash
	Port      int
}

// Settings is what the files say about one host. Empty means that no file says anything.
type Settings struct {
	HostName       string
	User           string
	Port           int
	HostKeyAlias   string
	IdentityFiles  []string // ~ is replaced, tokens are not: see Expand
	IdentitiesOnly bool
	IdentityAgent  string
	ProxyJump      string
	ProxyCommand   string
	UserKnownHosts []string
	GlobKnownHosts []string
}

// Glob gives the files that match a pattern, sorted, each with its content; a missing file is none.
type Glob func(pattern string) ([]Source, error)

// Source is the text of one file.
type Source struct{ Name, Text string }

// Depth is how deep files may include each other: the limit of OpenSSH (READCONF_MAX_DEPTH).
const Depth = 16

type resolver struct {
	q    Query
	glob Glob
	out  Settings
	seen map[string]bool
	read int
}

// Resolve reads the files in order, ~/.ssh/config before /etc/ssh/ssh_config, and keeps the first
// value of each setting.
func Resolve(q Query, files []string, glob Glob) (Settings, error) {
	r := &resolver{q: q, glob: glob, seen: map[string]bool{}}
	for _, f := range files {
		if err := r.include(f, true, 0); err != nil {
			return Settings{}, err
		}
	}
	return r.out, nil
}

func (r *resolver) include(pattern string, active bool, depth int) error {
	if depth > Depth {
		return fmt.Errorf("%s: files include each other more than %d deep", pattern, Depth)
	}
	sources, err := r.glob(pattern)
	if err != nil {
		return fmt.Errorf("read %s: %w", pattern, err)
	}
	for _, s := range sources {
		if r.read++; r.read > 1000 {
			return fmt.Errorf("%s: more than 1000 included files", pattern)
		}
		f, err := Parse(s.Name, s.Text)
		if err != nil {
			return err
		}
		if err := r.file(f, active, depth); err != nil {
			return err
		}
	}
	return nil
}

// file applies one file. A block of an included file ends with it.
func (r *resolver) file(f File, outer bool, depth int) error {
	active := outer
	for _, s := range f.Settings {
		switch s.Keyword {
		case "host":
			active = outer && MatchList(s.Args, r.q.Host)
		case "match":
			active = outer && r.matches(s.Args)
		case "include":
			for _, p := range s.Args {
				if err := r.include(r.place(f.Name, p), active, depth+1); err != nil {
					return err
				}
			}
		default:
			if !active {
				continue
			}
			if err := r.apply(s); err != nil {
				return fmt.Errorf("%s:%d: %w", f.Name, s.Line, err)
			}
		}
	}
	return nil
}

// place gives the folder of an Include without leading slash: /etc/ssh for files from there, else ~/.ssh.
func (r *resolver) place(from, p string) string {
	p = r.home(p)
	if path.IsAbs(p) {
		return p
	}
	if strings.HasPrefix(from, "/etc/ssh/") {
		return path.Join("/etc/ssh", p)
	}
	return path.Join(r.q.Home, ".ssh", p)
}

func (r *resolver) home(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return path.Join(r.q.Home, rest)
	}
	return p
}

func (r *resolver) apply(s Setting) error {
	v := s.Args[0]
	fresh := !r.seen[s.Keyword]
	switch s.Keyword {
	case "identityfile": // the one setting of which all values count
		r.out.IdentityFiles = append(r.out.IdentityFiles, r.home(v))
		return nil
	}
	if !fresh {
		return nil
	}
	r.seen[s.Keyword] = true
	switch s.Keyword {
	case "hostname":
		r.out.HostName = v
	case "user":
		r.out.User = v
	case "port":
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("port %q is not a number from 1 to 65535", v)
		}
		r.out.Port = n
	case "hostkeyalias":
		r.out.HostKeyAlias = v
	case "identitiesonly":
		r.out.IdentitiesOnly = v == "yes" || v == "true"
	case "identityagent":
		r.out.IdentityAgent = r.home(v)
	case "proxyjump":
		// Of ProxyJump and ProxyCommand the first wins over the other too.
		if !r.seen["proxycommand"] {
			r.out.ProxyJump = v
		}
	case "proxycommand":
		if !r.seen["proxyjump"] && !strings.EqualFold(v, "none") {
			r.out.ProxyCommand = strings.Join(s.Args, " ")
		}
	case "userknownhostsfile":
		r.out.UserKnownHosts = r.paths(s.Args)
	case "globalknownhostsfile":
		r.out.GlobKnownHosts = r.paths(s.Args)
	}
	return nil
}

func (r *resolver) paths(args []string) []string {
	out := make([]string, 0, len(args))
	for _, a := range args {
		out = append(out, r.home(a))
	}
	return out
}

// host gives the name to connect to; HostName may hold %h and %%.
func (s Settings) host(asked string) string {
	if s.HostName == "" {
		return asked
	}
	return strings.NewReplacer("%%", "%", "%h", asked).Replace(s.HostName)
}

// Target gives the name to connect to for the host that was asked for.
func (s Settings) Target(asked string) string { return s.host(asked) }

// Tokens are the values behind the percent signs in file names.
type Tokens struct {
	Home, LocalUser, Original, Host, User string
	Port                                  int
}

// Expand replaces %d %u %n %h %r %p and %%. A token that it does not know is an error: the name
// would be another file's.
func (t Tokens) Expand(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out.WriteByte(s[i])
			continue
		}
		if i++; i >= len(s) {
			return "", fmt.Errorf("%q ends in a lone %%", s)
		}
		switch s[i] {
		case '%':
			out.WriteByte('%')
		case 'd':
			out.WriteString(t.Home)
		case 'u':
			out.WriteString(t.LocalUser)
		case 'n':
			out.WriteString(t.Original)
		case 'h':
			out.WriteString(t.Host)
		case 'r':
			out.WriteString(t.User)
		case 'p':
			out.WriteString(strconv.Itoa(t.Port))
		default:
			return "", fmt.Errorf("%q holds the token %%%c, which is not supported", s, s[i])
		}
	}
	return out.String(), nil
}
