package running

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// owned gives the package of each installed program and library, by its merged path.
func owned(ev *host.Evidence, f *Fact) map[string]string {
	for _, p := range []string{apkDB, apkDBNew} {
		if file := ev.File(p); file.Found() {
			return apkOwners(file.Text())
		}
	}
	if _, problem := ev.Stat(dpkgStatus); problem == nil {
		out := ev.Output(dpkgOwners)
		f.Note(partOwners, out.Err)
		return ParseOwners(string(out.Stdout))
	}
	f.Note(partOwners, &fact.Problem{Cause: fact.Unsupported, Source: "rpm", Text: "to which packages running files belong is told by dpkg and apk only"})
	return nil
}

// ParseOwners reads the answer of dpkg-query -S: "libc6:amd64, libc6:i386: /lib/x86_64-linux-gnu/libc.so.6". A line of a
// diversion names the file of one package that another put aside.
func ParseOwners(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		names, file, ok := strings.Cut(strings.TrimRight(line, "\n"), ": /")
		if !ok || strings.HasPrefix(names, "diversion by ") || strings.HasPrefix(names, "local diversion") {
			continue
		}
		name, _, _ := strings.Cut(names, ",")
		name, _, _ = strings.Cut(name, ":")
		if name != "" && !strings.ContainsAny(name, " \t") {
			out[merged("/"+file)] = name
		}
	}
	return out
}

// apkOwners reads the database of apk: P: package, F: folder, R: file in it.
func apkOwners(text string) map[string]string {
	out := map[string]string{}
	name, folder := "", ""
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		switch k {
		case "":
			name, folder = "", ""
		case "P":
			name = v
		case "F":
			folder = v
		case "R":
			if name != "" && (strings.Contains(v, ".so") || strings.Contains(folder, "bin") || strings.Contains(folder, "lib")) {
				out[merged("/"+folder+"/"+v)] = name
			}
		}
	}
	return out
}
