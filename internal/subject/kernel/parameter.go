package kernel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// parameter makes a check of kernel parameters. What is wanted is the catalogue's list "want", a
// line for each key: "kernel.kptr_restrict >= 1". The word "required" at the end of a line makes it
// a fault when the kernel does not have the parameter.
func parameter(c check.Check) *check.Check {
	c.Rule = check.On(func(f Fact, _ estate.View, p check.Params) check.Result { return f.judge(p.Strings("want")) })
	return &c
}

type want struct {
	key, op, value string
	required       bool
}

func parseWant(line string) want {
	w := strings.Fields(line)
	if len(w) < 3 || !slices.Contains([]string{"=", ">=", "in"}, w[1]) {
		panic(fmt.Sprintf("the wanted parameter %q is not of the form NAME =|>=|in VALUE", line))
	}
	return want{w[0], w[1], w[2], len(w) > 3 && w[3] == "required"}
}

func (w want) met(value string) bool {
	switch w.op {
	case ">=":
		have, err := strconv.Atoi(value)
		least, err2 := strconv.Atoi(w.value)
		return err == nil && err2 == nil && have >= least
	case "in":
		return slices.Contains(strings.Split(w.value, "|"), value)
	}
	return value == w.value
}

func (w want) String() string {
	switch w.op {
	case ">=":
		return "at least " + w.value
	case "in":
		return strings.ReplaceAll(w.value, "|", " or ")
	}
	return w.value
}

// judge compares the running value; on a file tree, the value that the files will set.
func (f Fact) judge(lines []string) check.Result {
	if why := f.elsewhere(); why != "" {
		return check.Inapplicable(why)
	}
	var seen, absent []string
	var missing string
	var vs []check.Violation
	for _, line := range lines {
		w := parseWant(line)
		value, source, at := f.Running[w.key], procPath(w.key), "/running/"+w.key
		_, known := f.Running[w.key]
		gap, unseen := f.Gaps["sysctl "+w.key]
		when := "running"
		if f.Tree {
			s, set := f.next(w.key)
			value, source, at, known, when = s.Value, s.Source, "/settings", set, "on disk"
		}
		switch {
		case known && w.met(value):
			seen = append(seen, w.key+" is "+value)
		case known:
			vs = append(vs, check.Violation{Key: "sysctl:" + w.key, At: at, Source: source,
				Detail: fmt.Sprintf("%s is %s (%s), want %s", w.key, value, when, w)})
		case f.Tree && f.kernelless() != "":
			absent = append(absent, w.key)
		case f.Tree:
			missing = w.key + " is set in no file; only the running kernel would show its value"
		case unseen:
			missing = gap.Error()
		case f.Running == nil:
			missing = w.key + " was not seen"
		case w.required:
			vs = append(vs, check.Violation{Key: "sysctl:" + w.key, At: "/running", Source: source,
				Detail: fmt.Sprintf("the kernel has no %s, want %s", w.key, w)})
		default:
			absent = append(absent, w.key)
		}
	}
	switch {
	case len(vs) > 0:
		return check.Failed("", vs).Beside(missing)
	case missing != "":
		return check.Unseen(missing)
	case len(seen) == 0 && f.Tree:
		return check.Inapplicable(f.kernelless())
	case len(seen) == 0:
		return check.Inapplicable("this kernel has no " + strings.Join(absent, ", "))
	}
	return check.Passed(strings.Join(seen, ", "))
}

// run makes a fact of a running kernel, for examples: name, value, name, value.
func run(pairs ...string) Fact {
	f := Fact{Systemd: true, Installed: true, Running: map[string]string{"kernel.core_pattern": "core"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Running[pairs[i]] = pairs[i+1]
	}
	return f
}

// disk makes a fact of a file tree with a kernel and these settings, for examples.
func disk(pairs ...string) Fact {
	f := Fact{Tree: true, Systemd: true, Installed: true}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Settings = append(f.Settings, Setting{pairs[i], pairs[i+1], true, "/etc/sysctl.d/50-local.conf:" + strconv.Itoa(i/2+1)})
	}
	return f
}

// persist words the remedy: now and at each start.
func persist(pairs ...string) string {
	b := "cat > /etc/sysctl.d/60-hardening.conf <<'END'\n"
	for _, p := range pairs {
		b += p + "\n"
	}
	return b + "END\nsysctl --system"
}
