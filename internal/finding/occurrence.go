package finding

import "time"

// Occurrences gives a finding once for each time that it came: those before the present one closed, as the history tells
// them, with the standing that stand gives them; nil leaves them without deadlines. Severities of earlier times are not
// kept; the present one stands for them.
func Occurrences(f Finding, history []Event, stand func(Finding) Standing) []Finding {
	var out []Finding
	var since time.Time
	for _, e := range history {
		switch e.Happened {
		case Opened, Reopened:
			since = e.At
			if e.Happened == Opened && f.FirstSeen.Before(since) {
				since = f.FirstSeen // a report gave an earlier date
			}
		case Ended:
			if since.IsZero() || len(out)+1 >= f.Occurrence {
				continue
			}
			past, at := f, e.At
			past.Occurrence, past.Identified, past.State, past.ClosedAt, past.ClosedBy = len(out)+1, since, Closed, &at, e.Run
			past.Ratings = []Rating{{since, f.Severity}}
			past.FirstDue, past.Due, past.Extended, past.SettledBy, past.SettledAs, past.Until = nil, nil, "", "", "", nil
			if stand != nil {
				past.Standing = stand(past)
			}
			out = append(out, past)
			since = time.Time{}
		}
	}
	return append(out, f)
}
