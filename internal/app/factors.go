package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/store/relational"
)

func (p *pages) Factors(ctx context.Context, person string) (out access.Factors, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error { out, err = s.Factors(ctx, person); return err })
	return out, none(err)
}

func (p *pages) SetFactors(ctx context.Context, f access.Factors, e ...event.Event) error {
	return p.change(ctx, func(s *relational.Store) error { return s.SetFactors(ctx, f, e...) })
}

func (p *pages) UseFactors(ctx context.Context, f, before access.Factors, e ...event.Event) error {
	return none(p.change(ctx, func(s *relational.Store) error { return s.UseFactors(ctx, f, before, e...) }))
}

func (p *pages) RemoveFactors(ctx context.Context, person string, e ...event.Event) error {
	return none(p.change(ctx, func(s *relational.Store) error { return s.RemoveFactors(ctx, person, e...) }))
}

// Organization names whose estate it is.
func (p *pages) Organization() string {
	if e := p.known(); e != nil {
		return e.Organization
	}
	return ""
}

// sealer makes what encrypts the keys of codes, by a key of the state folder that is made at first.
func sealer(stateFlag string) (cipher.AEAD, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(state, "factors.key")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(state, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make key %s: %w", path, err)
		}
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if len(data) != 32 {
		return nil, fmt.Errorf("read key %s: it has %d bytes, want 32; restore it from a backup: without it nobody logs in by codes", path, len(data))
	}
	block, err := aes.NewCipher(data)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seals encrypts for one person: what is another's does not open.
type seals struct{ aead cipher.AEAD }

func (s seals) Seal(person string, secret []byte) []byte {
	return s.aead.Seal(nil, nil, secret, []byte(person))
}

func (s seals) Open(person string, sealed []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, sealed, []byte(person))
}

// breached reads the list of breached passwords, and one's own where there is one.
func breached(own string) (func(string) bool, error) {
	known := map[string]bool{}
	add := func(data []byte) error {
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			if line := strings.ToLower(strings.TrimSpace(lines.Text())); line != "" && !strings.HasPrefix(line, "#") {
				known[line] = true
			}
		}
		return lines.Err()
	}
	data, err := fs.ReadFile(catalog.FS, "passwords.txt")
	if err == nil {
		err = add(data)
	}
	if err == nil && own != "" {
		if st, err := os.Stat(own); err != nil || st.Size() > 512<<20 {
			return nil, &UsageError{fmt.Sprintf("--breached %s: it cannot be read, or is larger than 512 MiB", own)}
		}
		if data, err = os.ReadFile(own); err == nil {
			err = add(data)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of breached passwords: %w", err)
	}
	return func(s string) bool { return known[s] }, nil
}
