package fact

// Cause says in one word why something could not be seen. Checks and reports decide by it.
type Cause string

// The causes. NotFound alone is knowledge: the thing is not there.
const (
	NotFound    Cause = "not found"
	Denied      Cause = "permission denied"
	Unreachable Cause = "unreachable"
	TimedOut    Cause = "timed out"
	NotParsable Cause = "not parsable"
	TooLarge    Cause = "too large"
	NotRegular  Cause = "not a regular file"
	Outside     Cause = "link leads out of the root"
	Unsupported Cause = "not supported here"
	Failed      Cause = "failed"
)

// Problem is why something could not be seen: what was attempted, on what, and what would show it.
type Problem struct {
	Cause  Cause  `json:"cause"`
	Source string `json:"source,omitempty"` // a path or a command
	Text   string `json:"text,omitempty"`   // more, when the cause does not say it all
	How    string `json:"how,omitempty"`    // the command that would show it
}

// Error gives "read /etc/shadow: permission denied; "sudo cat /etc/shadow" would show it".
func (p *Problem) Error() string {
	s := string(p.Cause)
	if p.Source != "" {
		s = p.Source + ": " + s
	}
	if p.Text != "" {
		s += ": " + p.Text
	}
	if p.How != "" {
		s += "; \"" + p.How + "\" would show it"
	}
	return s
}
