package scalar

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the candidate that word was most likely meant to be, or "" when none is near: a
// third of its letters may be wrong, missing, extra or swapped with their neighbour. Case does not
// count. Of two equally near the first wins.
func Nearest(word string, candidates []string) string {
	best, least := "", max(1, utf8.RuneCountInString(word)/3)+1
	from := []rune(strings.ToLower(word))
	if len(from) == 0 || len(from) > 200 {
		return ""
	}
	var rows [3][]int
	for _, c := range candidates {
		if d := len(c) - len(word); d >= 4*least || -d >= 4*least {
			continue
		}
		to := []rune(strings.ToLower(c))
		if d := distance(from, to, &rows); d < least && d < len(to) {
			best, least = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance. The rows are scratch space.
func distance(a, b []rune, rows *[3][]int) int {
	for i := range rows {
		if cap(rows[i]) <= len(b) {
			rows[i] = make([]int, len(b)+1, 2*len(b)+1)
		}
		rows[i] = rows[i][:len(b)+1]
	}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
