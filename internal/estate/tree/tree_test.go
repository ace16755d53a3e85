package tree

import "testing"

func TestFlowStyleColons(t *testing.T) {
	root, err := Read([]byte("a: [debian:12, https://x:80/y, b: , fd00::1, {c: k8s:prod, d:e: f}]"))
	if err == nil {
		t.Fatalf("a pair in a list is taken: %v", root)
	}
	root, err = Read([]byte("a: [debian:12, https://x:80/y, fd00::1, {c: k8s:prod, u: ssh://a@b:22}, 12:30]"))
	if err != nil {
		t.Fatal(err.Text)
	}
	list := root.Get("a").List
	for i, want := range []string{"debian:12", "https://x:80/y", "fd00::1", "", "12:30"} {
		if list[i].Text != want {
			t.Errorf("entry %d is %q, want %q", i, list[i].Text, want)
		}
	}
	if list[3].Get("c").Text != "k8s:prod" || list[3].Get("u").Text != "ssh://a@b:22" {
		t.Errorf("map in a list: %q %q", list[3].Get("c").Text, list[3].Get("u").Text)
	}
}
