package planted

import (
	"testing"
)

func TestEachFaultIsFoundAlone(t *testing.T) {
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			r := clean(t)
			p.plant(r)
			same(t, p.want, r.look())
		})
	}
}

func TestAllFaultsAreFoundTogether(t *testing.T) {
	t.Parallel()
	r := clean(t)
	var want []fault
	for _, p := range planted {
		p.plant(r)
		want = append(want, p.want...)
	}
	same(t, want, r.look())
}
