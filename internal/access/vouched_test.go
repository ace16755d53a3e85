package access_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/access"
)

// TestTwoFactors: what says nothing, or names one factor, is none; what was configured is taken and nothing else.
func TestTwoFactors(t *testing.T) {
	for _, x := range []struct {
		m    access.Methods
		acr  string
		amr  string
		want bool
	}{
		{access.Methods{}, "", "", false},
		{access.Methods{}, "urn:mfa", "", false},
		{access.Methods{}, "", "mfa", true},
		{access.Methods{}, "", "pwd mfa", true},
		{access.Methods{}, "", "pwd", false},
		{access.Methods{}, "", "otp", false},
		{access.Methods{}, "", "hwk", false},
		{access.Methods{}, "", "hwk user", false},
		{access.Methods{}, "", "pwd pin", false},
		{access.Methods{}, "", "hwk swk", false},
		{access.Methods{}, "", "pwd sms", false},
		{access.Methods{}, "", "MFA", false},
		{access.Methods{}, "", "otp pwd", true},
		{access.Methods{}, "", "fpt hwk", true},
		{access.Methods{ACR: []string{"gold"}}, "gold", "", true},
		{access.Methods{ACR: []string{"gold"}}, "silver", "", false},
		{access.Methods{ACR: []string{"gold"}}, "", "mfa", false},
		{access.Methods{ACR: []string{"gold"}, AMR: []string{"mfa"}}, "silver", "mfa", true},
		{access.Methods{AMR: []string{"hwk"}}, "", "hwk", true},
		{access.Methods{AMR: []string{"hwk"}}, "", "mfa", false},
		{access.Methods{AMR: []string{"pwd+sms"}}, "", "pwd", false},
		{access.Methods{AMR: []string{"pwd+sms"}}, "", "sms pwd", true},
		{access.Methods{AMR: []string{""}}, "", "", false},
		{access.Methods{ACR: []string{""}}, "", "", false},
	} {
		if got := x.m.TwoFactors(x.acr, strings.Fields(x.amr)); got != x.want {
			t.Errorf("%+v of %q %q: %t", x.m, x.acr, x.amr, got)
		}
	}
	for _, m := range []access.Methods{{ACR: []string{""}}, {ACR: []string{"a b"}}, {AMR: []string{""}}, {AMR: []string{"pwd+"}}, {AMR: []string{"pwd otp"}}} {
		if m.Check() == nil {
			t.Errorf("%+v is taken", m)
		}
	}
	if err := (access.Methods{ACR: []string{"urn:x:mfa"}, AMR: access.DefaultAMR()}).Check(); err != nil {
		t.Error(err)
	}
	var why *access.NotVouched
	if err := error(&access.NotVouched{Why: "no", Cause: io.EOF}); !errors.As(err, &why) || !errors.Is(err, io.EOF) || err.Error() != "no: EOF" {
		t.Error(err)
	}
}
