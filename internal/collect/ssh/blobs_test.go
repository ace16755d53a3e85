package ssh_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// TestLargeFileOfManyHosts: what two hosts have is sent once; what differs is not mistaken for it.
func TestLargeFileOfManyHosts(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	text := bytes.Repeat([]byte("0123456789abcde\n"), 64<<10)
	s := newServer(t)
	o := s.options(t)
	port, sent := counted(t, s.addr())
	o.Port, o.KnownHosts, o.Blobs = port, []string{s.knows(t, "[127.0.0.1]:"+strconv.Itoa(port)+" KEY0")}, &ssh.Blobs{}
	read := func(max int64) host.File {
		need := host.Need{Op: host.OpRead, Pattern: list, Max: max}
		return gather(t, dial(t, o), []host.Need{need}).File(list)
	}
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	first := read(2 << 20)
	once := sent.Load()
	second := read(2 << 20)
	if !bytes.Equal(first.Data, text) || !bytes.Equal(second.Data, text) {
		t.Fatalf("%d and %d bytes of %d: %v %v", len(first.Data), len(second.Data), len(text), first.Err, second.Err)
	}
	if n := sent.Load(); once < 1<<20 || n > once+1<<19 {
		t.Errorf("%d bytes were sent for the first, %d for both", once, n)
	}
	if first.Shared == nil || first.Shared != second.Shared {
		t.Error("what is made of it is not shared")
	}
	if f := read(1000); f.Err == nil || f.Err.Cause != fact.TooLarge {
		t.Errorf("above the limit of the second: %v", f.Err)
	}
	text[5]++
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := read(2 << 20); !bytes.Equal(f.Data, text) || f.Shared == first.Shared {
		t.Error("another content was taken for the same")
	}
}

// counted forwards connections to addr and counts what comes back.
func counted(t *testing.T, addr string) (port int, sent *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	sent = &atomic.Int64{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", addr)
			if err != nil {
				c.Close()
				return
			}
			go func() { defer up.Close(); _, _ = io.Copy(up, c) }()
			go func() { defer c.Close(); _, _ = io.Copy(c, io.TeeReader(up, counter{sent})) }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, sent
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }
