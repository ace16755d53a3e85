package version

import "testing"

// BenchmarkCompare takes the pairs of the golden files: real versions, half of them close neighbours.
func BenchmarkCompare(b *testing.B) {
	for o := dpkg; o < orders; o++ {
		pairs := golden(b, o.Name())
		b.Run(o.Name(), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				o.Compare(pairs[i].a, pairs[i].b)
				if i++; i == len(pairs) {
					i = 0
				}
			}
		})
	}
}
