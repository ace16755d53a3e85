package requirement

// Status is what a requirement comes to. The zero Status is no status and ranks as unknown.
type Status string

// The statuses.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Warn          Status = "warn"
	Justified     Status = "justified"
	NotApplicable Status = "not_applicable"
	Unknown       Status = "unknown"
)

// Statuses gives all statuses, the worst first.
func Statuses() []Status { return []Status{Fail, Unknown, Warn, Justified, Pass, NotApplicable} }

// rank orders statuses, the worst first.
func (s Status) rank() int {
	for i, t := range Statuses() {
		if s == t {
			return i
		}
	}
	return Unknown.rank()
}

// Text gives the status as people read it: "not applicable".
func (s Status) Text() string {
	switch s {
	case NotApplicable:
		return "not applicable"
	case "":
		return string(Unknown)
	}
	return string(s)
}

// Worst gives the worst of some statuses: not_applicable only if all are, and unknown of none.
func Worst(all ...Status) Status {
	worst := Unknown
	for i, s := range all {
		if s == "" {
			s = Unknown
		}
		if i == 0 || s.rank() < worst.rank() {
			worst = s
		}
	}
	return worst
}

// Summary counts requirements by status.
type Summary struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Warn          int `json:"warn"`
	Justified     int `json:"justified"`
	NotApplicable int `json:"not_applicable"`
	Unknown       int `json:"unknown"`
}

// Summarise counts judgements by status.
func Summarise(all []Judgement) Summary {
	var s Summary
	for _, j := range all {
		switch j.Status {
		case Pass:
			s.Pass++
		case Fail:
			s.Fail++
		case Warn:
			s.Warn++
		case Justified:
			s.Justified++
		case NotApplicable:
			s.NotApplicable++
		default:
			s.Unknown++
		}
	}
	return s
}

// Decided gives how many of the applicable requirements were decided, and how many there are. A
// share of passes is a share of the first and stands beside the rest.
func (s Summary) Decided() (decided, applicable int) {
	decided = s.Pass + s.Fail + s.Warn + s.Justified
	return decided, decided + s.Unknown
}

// FailOn says from which level on a violation makes an assessment fail. The zero FailOn is a MUST.
type FailOn string

// The choices of --fail-on.
const (
	FailOnMust   FailOn = "must"
	FailOnShould FailOn = "should"
	FailOnNever  FailOn = "never"
)

// ExitFails tells whether these judgements make the assessment fail: exit code 1. Unknown never
// does; --strict is a matter of Summary.Unknown.
func ExitFails(all []Judgement, on FailOn) bool {
	for _, j := range all {
		switch on {
		case FailOnNever:
			return false
		case FailOnShould:
			if j.Status == Fail || j.Status == Warn {
				return true
			}
		default:
			if j.Status == Fail {
				return true
			}
		}
	}
	return false
}
