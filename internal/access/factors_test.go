package access_test

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/access"
)

// TestPassword: the same password is kept differently each time, and nothing but it is it.
func TestPassword(t *testing.T) {
	a, b := access.HashPassword("some words of mine"), access.HashPassword("some words of mine")
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(a, b)
	}
	for kept, want := range map[string]bool{a: true, b: true, "": false, "x": false, strings.Replace(a, "argon2id", "argon2i", 1): false, strings.Replace(a, "m=19456", "m=99999999", 1): false, a[:len(a)-2]: false,
		"$argon2id$v=19$m=19456,t=2,p=1$$": false, "$argon2id$v=19$m=19456,t=2,p=1$AA$": false, "$argon2id$v=19$m=8,t=1,p=0$AA$AA": false} {
		if got := access.IsPassword(kept, "some words of mine"); got != want {
			t.Errorf("%s: %t", kept, got)
		}
	}
	if access.IsPassword(a, "some words of mine ") || access.IsPassword("", "") {
		t.Error("something else is the password")
	}
}

// TestRecovery: each code is good once, however it is typed.
func TestRecovery(t *testing.T) {
	codes, hashes := access.NewRecovery()
	f := access.Factors{Recovery: hashes}
	if len(codes) != 10 || f.TakeRecovery("") || f.TakeRecovery("AAAA-AAAA-AAAA-AAAA") {
		t.Error(codes)
	}
	for i, c := range codes {
		if !f.TakeRecovery(strings.ToLower(strings.ReplaceAll(c, "-", ""))) || f.TakeRecovery(c) || len(f.Recovery) != 9-i {
			t.Error(i, c)
		}
	}
	if len(hashes) != 10 {
		t.Error("the list of somebody else changed")
	}
}
