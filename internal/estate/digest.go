package estate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
)

// digest is the hash of the shown estate, with the entries of each list at the top in the order of
// their bytes: to move an entry to another file declares nothing new.
func (e *Estate) digest(known plans) string {
	w := &writer{plans: known}
	hash := sha256.New()
	v := reflect.ValueOf(e).Elem()
	for _, f := range known.of(v.Type()).fields {
		w.out = w.out[:0]
		w.scalar(f.name)
		w.out = append(w.out, ":\n"...)
		hash.Write(w.out)
		w.out = w.out[:0]
		fv := v.Field(f.index)
		if !isEntries(f.typ) {
			if w.says(fv, &f) {
				w.value(fv, 0)
			}
			hash.Write(w.out)
			continue
		}
		ends := make([]int, 0, fv.Len())
		for i := range fv.Len() {
			w.fields(fv.Index(i), 1, false)
			ends = append(ends, len(w.out))
		}
		entries, start := make([][]byte, len(ends)), 0
		for i, end := range ends {
			entries[i], start = w.out[start:end], end
		}
		slices.SortFunc(entries, bytes.Compare)
		for _, entry := range entries {
			hash.Write([]byte("-\n"))
			hash.Write(entry)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
