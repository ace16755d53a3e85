package scalar

import (
	"errors"
	"slices"
	"strings"
)

// LogSource is where a system writes its logs, seen from the system: journald, syslog, stdout,
// eventlog, or file:/path.
type LogSource string

var logSources = []string{"journald", "syslog", "stdout", "eventlog"}

func (l *LogSource) UnmarshalText(text []byte) error {
	s := string(text)
	if slices.Contains(logSources, s) || strings.HasPrefix(s, "file:/") {
		*l = LogSource(s)
		return nil
	}
	return errors.New("is not one of " + Listed(logSources) + " or file:/path" + DidYouMean(s, logSources))
}

func (l LogSource) MarshalText() ([]byte, error) { return []byte(l), nil }

func (LogSource) Form() (pattern, example string) {
	return `^(journald|syslog|stdout|eventlog|file:/.*)$`, "file:/var/log/nginx/access.log"
}
