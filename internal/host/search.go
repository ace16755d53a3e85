package host

// Search says which files are worth looking at on a host whose files are far away, so that they can be listed there at
// once instead of folder by folder. It is plain data besides Use and Foreign, which are pure.
type Search struct {
	Roots     []string                        // folders to look through, their links followed; "/": everything
	PassNames []string                        // names of folders that are not entered: .git
	PassEnds  []string                        // ends of paths of such folders: /go/pkg/mod
	PassPaths []string                        // such folders: /proc
	Foreign   func(mountinfo string) []string // folders that are not entered either, by the table of mounts
	Names     []string                        // names of files: go.mod
	Ends      []string                        // ends of names of files: .jar
	Plain     []string                        // ends of names of files that are no programs, also where they may be executed: .py
	Marks     []string                        // a program is of use when it holds one of these, which are printable
	Use       func(path string) Use           // of a file that was listed
}

// Use is how a file will be read.
type Use int

// The uses.
const (
	Useless Use = iota
	Whole       // from the start to the end; it is small
	InParts     // a little here and there; it may be large
	Program     // in parts, when it holds a mark
)

// MinProgram is the size of a file up to which it is not taken for a program.
const MinProgram = 1024
