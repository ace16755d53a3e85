package all

import (
	"fmt"
	"reflect"
	"slices"

	"holdfast.example/holdfast/internal/drift"
)

// Shapes gives for each kind of fact that is collected how it is compared with a baseline, by name/version. Kinds of which
// nothing is compared are left out.
func Shapes() (map[string]*drift.Shape, error) {
	out := map[string]*drift.Shape{}
	for _, s := range slices.Concat(Sources(), Probes()) {
		zero, err := s.Decode([]byte("{}"))
		if err != nil {
			return nil, err
		}
		shape, err := drift.ShapeOf(reflect.TypeOf(zero))
		if err != nil {
			return nil, fmt.Errorf("fact %s: %w", s.Kind, err)
		}
		if !shape.Empty() {
			out[s.Kind.String()] = shape
		}
	}
	return out, nil
}
