// Package witness vouches for the logs of others (C2SP tlog-witness): it remembers the last head of each log that it saw, and cosigns
// a later one only when nothing before it was changed. A log that was cut off, or shows different people different pasts, gets no
// signature any more. It keeps no entries, only heads.
package witness

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/log"
	cosign "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"
)

const (
	keyFile = "witness.key"
	// maxRequest bounds a request: 63 hashes and a checkpoint.
	maxRequest = 64 << 10
	maxHashes  = 63
	// maxLogs bounds how many logs are vouched for.
	maxLogs = 1000
)

// Witness vouches for logs. Make it by Open; one program at a time has a folder.
type Witness struct {
	dir    string
	lock   *os.File
	signer *cosign.Signer
	key    string
	logs   map[string][]note.Verifier // by origin: a log whose key was replaced has several

	mu sync.Mutex
}

// head is the last one of a log that was cosigned.
type head struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   []byte `json:"root"`
}

// Open takes a folder, and makes the key where there is none. Logs are the public keys of those that it vouches for.
func Open(dir string, logs []string) (*Witness, error) {
	w := &Witness{dir: dir, logs: map[string][]note.Verifier{}}
	if len(logs) == 0 || len(logs) > maxLogs {
		return nil, fmt.Errorf("a witness wants the public keys of the logs that it vouches for, at least one and at most %d", maxLogs)
	}
	for _, text := range logs {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%q is no public key of a log: %w", text, err)
		}
		w.logs[v.Name()] = append(w.logs[v.Name()], v)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the witness: %w", err)
	}
	var err error
	if w.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("lock the folder of the witness: %w", err)
	}
	if err := unix.Flock(int(w.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another witness runs in %s: %w", dir, err), w.lock.Close())
	}
	if err := w.readKey(); err != nil {
		return nil, errors.Join(err, w.lock.Close())
	}
	return w, nil
}

// Close gives the folder up.
func (w *Witness) Close() error { return w.lock.Close() }

// Key is the public key, as logs and auditors are told it.
func (w *Witness) Key() string { return w.key }

func (w *Witness) readKey() error {
	path := filepath.Join(w.dir, keyFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var b [6]byte
		rand.Read(b[:])
		secret, public, err2 := note.GenerateKey(rand.Reader, "holdfast-witness-"+hex.EncodeToString(b[:]))
		if err2 != nil {
			return err2
		}
		data = []byte(secret + "\n" + public + "\n")
		err = write(path, data)
	}
	if err != nil {
		return fmt.Errorf("read the key of the witness: %w", err)
	}
	secret, public, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	if w.signer, err = cosign.NewSignerForCosignatureV1(secret); err == nil {
		w.key, err = cosign.VKeyToCosignatureV1(public)
	}
	if err != nil {
		return fmt.Errorf("the key of the witness %s is damaged; restore it from a backup", path)
	}
	return nil
}

// Handler answers POST /add-checkpoint.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
		if err != nil {
			http.Error(rw, "too large, or cut off", http.StatusBadRequest)
			return
		}
		status, text := w.add(r.Context(), data)
		kind := "text/plain; charset=utf-8"
		if _, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); status == http.StatusConflict && err == nil {
			kind = "text/x.tlog.size"
		}
		rw.Header().Set("Content-Type", kind)
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, text)
	})
	return mux
}

// request is what a log asks: that the head it shows is cosigned, which goes on from the one of an older size.
type request struct {
	old        uint64
	proof      [][]byte
	checkpoint []byte
}

// parse reads a request (C2SP tlog-witness, add-checkpoint).
func parse(data []byte) (r request, err error) {
	top, checkpoint, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		return r, errors.New("no empty line")
	}
	lines := strings.Split(string(top), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok || len(lines)-1 > maxHashes || size != "0" && strings.HasPrefix(size, "0") {
		return r, errors.New("no old size, or too many hashes")
	}
	if r.old, err = strconv.ParseUint(size, 10, 63); err != nil {
		return r, errors.New("no old size")
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != sha256.Size {
			return r, errors.New("a line is no hash")
		}
		r.proof = append(r.proof, h)
	}
	r.checkpoint = checkpoint
	return r, nil
}

// add answers a request: a line with the cosignature, or why there is none.
func (w *Witness) add(_ context.Context, data []byte) (int, string) {
	r, err := parse(data)
	if err != nil {
		return http.StatusBadRequest, err.Error() + "\n"
	}
	origin, _, _ := strings.Cut(string(r.checkpoint), "\n")
	keys := w.logs[origin]
	if len(keys) == 0 {
		return http.StatusNotFound, "this log is not known here\n"
	}
	var cp *log.Checkpoint
	for _, k := range keys {
		if cp, _, _, err = log.ParseCheckpoint(r.checkpoint, origin, k); err == nil {
			break
		}
	}
	if err != nil {
		return http.StatusForbidden, "no key that is known of this log signed it\n"
	}
	if r.old > cp.Size {
		return http.StatusBadRequest, "the old size is larger than the new one\n"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.last(origin)
	if err != nil {
		return http.StatusInternalServerError, "what was cosigned before cannot be read\n"
	}
	if r.old != last.Size || last.Size == cp.Size && last.Size > 0 && !bytes.Equal(last.Root, cp.Hash) {
		return http.StatusConflict, strconv.FormatUint(last.Size, 10) + "\n"
	}
	if err := consistent(last, cp, r.proof); err != nil {
		return http.StatusUnprocessableEntity, "it does not go on from what was cosigned before\n"
	}
	if last.Size != cp.Size {
		if err := w.keep(head{origin, cp.Size, cp.Hash}); err != nil {
			return http.StatusInternalServerError, "it cannot be kept\n"
		}
	}
	text, _, _ := bytes.Cut(r.checkpoint, []byte("\n\n"))
	signed, err := note.Sign(&note.Note{Text: string(text) + "\n"}, w.signer)
	if err != nil {
		return http.StatusInternalServerError, "it cannot be signed\n"
	}
	_, line, _ := bytes.Cut(signed, []byte("\n\n"))
	return http.StatusOK, string(line)
}

// consistent tells whether a head goes on from the last one.
func consistent(last head, cp *log.Checkpoint, hashes [][]byte) error {
	if last.Size == 0 {
		if len(hashes) > 0 {
			return errors.New("nothing comes before the first")
		}
		return nil
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, last.Size, cp.Size, hashes, last.Root, cp.Hash)
}

func (w *Witness) path(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(w.dir, hex.EncodeToString(sum[:])+".head")
}

// last gives the last head of a log; the zero head: none was cosigned.
func (w *Witness) last(origin string) (head, error) {
	data, err := os.ReadFile(w.path(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, nil
	}
	var h head
	if err == nil {
		err = json.Unmarshal(data, &h)
	}
	if err == nil && h.Origin != origin {
		err = errors.New("it is of another log")
	}
	return h, err
}

// keep writes a head before it is signed: what was signed is never forgotten.
func (w *Witness) keep(h head) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return write(w.path(h.Origin), data)
}

// write puts a file in place so that the old one or the new one is there at every moment, also after a loss of power.
func write(path string, data []byte) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
