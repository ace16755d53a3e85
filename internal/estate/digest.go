package estate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"

	"holdfast.example/holdfast/internal/estate/grammar"
)

// digest is the hash of the shown estate, with the entries of each list at the top in the order of
// their bytes: to move an entry to another file declares nothing new.
func (e *Estate) digest(known grammar.Plans) string {
	w := &grammar.Writer{Plans: known}
	hash := sha256.New()
	v := reflect.ValueOf(e).Elem()
	for _, f := range known.Of(v.Type()).Fields {
		fv := v.Field(f.Index)
		w.Out = append(append(w.Out[:0], f.Name...), ":\n"...)
		if !grammar.IsEntries(f.Type) {
			w.Field(fv, &f)
			hash.Write(w.Out)
			continue
		}
		hash.Write(w.Out)
		w.Out = w.Out[:0]
		ends := make([]int, 0, fv.Len())
		for i := range fv.Len() {
			w.Struct(fv.Index(i), 1)
			ends = append(ends, len(w.Out))
		}
		entries, start := make([][]byte, len(ends)), 0
		for i, end := range ends {
			entries[i], start = w.Out[start:end], end
		}
		slices.SortFunc(entries, bytes.Compare)
		for _, entry := range entries {
			hash.Write([]byte("-\n"))
			hash.Write(entry)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
