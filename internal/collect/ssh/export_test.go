package ssh

// Sent is how much of a tree was read in parts.
func Sent(tree *Tree) int64 { return searchParts - tree.left.Load() }

// Runs is how many scripts were run.
func Runs(t *Transport) int64 { return t.runs.Load() }
