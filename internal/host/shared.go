package host

import "sync"

// Shared keeps what parsers make of bytes that several hosts have, so that it is made once. The zero
// value is empty and ready.
type Shared struct {
	mu   sync.Mutex
	made map[string]any
}

// Once gives what make makes of the file's bytes. Of files that share them it is called once for each
// name; so it must look at nothing else, and its result must not be changed.
func Once[T any](f File, name string, make func() T) T {
	if f.Shared == nil {
		return make()
	}
	f.Shared.mu.Lock()
	defer f.Shared.mu.Unlock()
	if v, ok := f.Shared.made[name].(T); ok {
		return v
	}
	v := make()
	if f.Shared.made == nil {
		f.Shared.made = map[string]any{}
	}
	f.Shared.made[name] = v
	return v
}
