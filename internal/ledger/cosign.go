package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

const (
	witnessesFile = "witnesses"     // of whom cosignatures are asked: a line for each, public key and address
	cosignedDir   = "tile/cosigned" // the last checkpoint that each of them cosigned, with both signatures; it goes with every copy
	maxWitnesses  = 20
	// askTime is how long a witness has for its answer.
	askTime = 5 * time.Second
)

// Witness cosigns checkpoints: it vouches that nothing was changed before them (C2SP tlog-witness, cosignature/v1).
type Witness struct {
	Key string // public, in the note format
	URL string // to which add-checkpoint is added
}

// Name is that of its key.
func (w Witness) Name() string {
	name, _, _ := strings.Cut(w.Key, "+")
	return name
}

// Cosigned is what a witness cosigned last.
type Cosigned struct {
	Witness string    `json:"witness"` // name
	Size    uint64    `json:"size"`
	At      time.Time `json:"at"` // by the witness's clock
}

// Witnesses gives those that are asked.
func (l *Ledger) Witnesses() ([]Witness, error) {
	data, err := os.ReadFile(l.path(witnessesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the ledger's witnesses: %w", err)
	}
	var out []Witness
	for line := range strings.Lines(string(data)) {
		key, at, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("%s has a line without an address", l.path(witnessesFile))
		}
		out = append(out, Witness{key, at})
	}
	return out, nil
}

// AddWitness asks one from now on; one of the same name takes the place of the other.
func (l *Ledger) AddWitness(w Witness) error {
	if _, err := cosign.NewVerifierForCosignatureV1(w.Key); err != nil {
		return fmt.Errorf("%q is no public key of a witness: %w", w.Key, err)
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.ContainsAny(w.URL, " \n") {
		return fmt.Errorf("%q is no address of a witness: want https://HOST[:PORT]", w.URL)
	}
	return l.changeWitnesses(func(all []Witness) ([]Witness, error) {
		all = append(slices.DeleteFunc(all, func(o Witness) bool { return o.Name() == w.Name() }), w)
		if len(all) > maxWitnesses {
			return nil, fmt.Errorf("at most %d witnesses are asked", maxWitnesses)
		}
		return all, nil
	})
}

// RemoveWitness asks one no longer. What it cosigned stays. False: there is none of that name.
func (l *Ledger) RemoveWitness(name string) (found bool, err error) {
	err = l.changeWitnesses(func(all []Witness) ([]Witness, error) {
		n := len(all)
		all = slices.DeleteFunc(all, func(o Witness) bool { return o.Name() == name })
		found = len(all) < n
		return all, nil
	})
	return found, err
}

func (l *Ledger) changeWitnesses(change func([]Witness) ([]Witness, error)) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	return l.Hold(context.Background(), func() error {
		all, err := l.Witnesses()
		if err != nil {
			return err
		}
		if all, err = change(all); err != nil {
			return err
		}
		var text strings.Builder
		for _, w := range all {
			fmt.Fprintf(&text, "%s %s\n", w.Key, w.URL)
		}
		return writeWhole(l.path(witnessesFile), text.String(), 0o600)
	})
}

func cosignedFile(name string) string {
	sum := sha256.Sum256([]byte(name))
	return cosignedDir + "/" + hex.EncodeToString(sum[:16])
}

// Cosign asks each witness that has not cosigned the head yet. Nobody waits for it: what is entered is entered without them, and a
// witness that is away is asked again the next time. The errors of all that gave none are joined.
func (l *Ledger) Cosign(ctx context.Context, client *http.Client) error {
	all, err := l.Witnesses()
	if err != nil || len(all) == 0 {
		return err
	}
	files := l.FS()
	head, err := Head(files)
	if errors.Is(err, ErrEmpty) {
		return nil
	} else if err != nil {
		return err
	}
	var failed error
	for _, w := range all {
		old := uint64(0)
		if c, _, err := cosignedBy(files, w.Name()); err == nil {
			old = c.Size
		}
		if old == head.Size {
			continue
		}
		if err := l.ask(ctx, client, w, head, old); err != nil {
			failed = errors.Join(failed, fmt.Errorf("witness %s at %s: %w", w.Name(), w.URL, err))
		}
	}
	return failed
}

// ask has a witness cosign the head, and keeps that.
func (l *Ledger) ask(ctx context.Context, client *http.Client, w Witness, head Checkpoint, old uint64) error {
	v, err := cosign.NewVerifierForCosignatureV1(w.Key)
	if err != nil {
		return err
	}
	for again := range 2 {
		status, answer, err := l.post(ctx, client, w, head, old)
		switch {
		case err != nil:
			return err
		case status == http.StatusConflict && again == 0:
			knows, err := strconv.ParseUint(strings.TrimSpace(string(answer)), 10, 63)
			switch {
			case err != nil:
				return errors.New("its answer cannot be read")
			case knows > head.Size:
				return fmt.Errorf("it knows %d entries of this ledger, and %d are there: the end was cut off, or another copy of the ledger goes on elsewhere", knows, head.Size)
			case knows == old:
				return fmt.Errorf("it knows other entries than those here, of %d: the ledger was forked", knows)
			}
			old = knows
			continue
		case status == http.StatusUnprocessableEntity || status == http.StatusConflict:
			return fmt.Errorf("what is here does not go on from the %d entries that it knows: the ledger was forked", old)
		case status == http.StatusNotFound:
			return fmt.Errorf("it does not vouch for this ledger; it has to be told its key")
		case status == http.StatusForbidden:
			return fmt.Errorf("it knows another key of this ledger (403); it has to be told the one of now")
		case status != http.StatusOK:
			return fmt.Errorf("it answers %d", status)
		}
		signed := head.Text + string(answer)
		if !bytes.HasSuffix(answer, []byte("\n")) {
			return errors.New("its signature cannot be read")
		}
		if _, err := note.Open([]byte(signed), note.VerifierList(v)); err != nil {
			return fmt.Errorf("its signature is not by its key: %w", err)
		}
		if err := os.MkdirAll(l.path(cosignedDir), 0o755); err != nil {
			return err
		}
		return writeWhole(l.path(cosignedFile(w.Name())), w.Key+"\n"+signed, 0o644)
	}
	return errors.New("it changes its mind about what it knows")
}

func (l *Ledger) post(ctx context.Context, client *http.Client, w Witness, head Checkpoint, old uint64) (int, []byte, error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 && old < head.Size {
		b, err := proofs(ctx, l.FS(), head.Size)
		if err != nil {
			return 0, nil, err
		}
		hashes, err := b.ConsistencyProof(ctx, old, head.Size)
		if err != nil {
			return 0, nil, err
		}
		for _, h := range hashes {
			body.WriteString(base64.StdEncoding.EncodeToString(h) + "\n")
		}
	}
	body.WriteString("\n" + head.Text)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", &body)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, answer, err
}

// cosignedBy reads what a witness cosigned last, with its key.
func cosignedBy(files fs.FS, name string) (Checkpoint, string, error) {
	data, err := read(files, cosignedFile(name), 1<<20)
	if err != nil {
		return Checkpoint{}, "", err
	}
	key, text, _ := strings.Cut(string(data), "\n")
	r, err := ringOf(files)
	if err != nil {
		return Checkpoint{}, key, err
	}
	cp, _, err := r.parse(text)
	return cp, key, err
}

// Cosignatures gives what witnesses cosigned last, in order of their names, and verifies it: both signatures of each. That the
// ledger goes on from there is told by Verify. Keys are the witnesses that are demanded; none demands nobody, and takes each by
// the key beside its signature.
func Cosignatures(files fs.FS, keys ...string) (out []Cosigned, err error) {
	r, err := ringOf(files)
	if err != nil {
		return nil, err
	}
	names, err := fs.ReadDir(files, cosignedDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read what witnesses cosigned: %w", err)
	}
	met := map[string]bool{}
	for _, f := range names {
		if strings.HasSuffix(f.Name(), ".part") {
			continue
		}
		data, err := read(files, cosignedDir+"/"+f.Name(), 1<<20)
		if err != nil {
			return nil, fmt.Errorf("read what a witness cosigned: %w", err)
		}
		key, text, _ := strings.Cut(string(data), "\n")
		v, err := cosign.NewVerifierForCosignatureV1(key)
		if err != nil {
			return nil, fmt.Errorf("what a witness cosigned has no key of one: %w", err)
		}
		cp, by, err := r.parse(text)
		if err != nil {
			return nil, fmt.Errorf("what witness %s cosigned: %w", v.Name(), err)
		}
		_, _, n, err := log.ParseCheckpoint([]byte(text), cp.Origin, by, v)
		if err != nil {
			return nil, fmt.Errorf("what witness %s cosigned: %w", v.Name(), err)
		}
		for _, s := range n.Sigs {
			if s.Hash != v.KeyHash() || s.Name != v.Name() {
				continue
			}
			at, err := cosign.CoSigV1Timestamp(s)
			if err != nil {
				return nil, fmt.Errorf("what witness %s cosigned: %w", v.Name(), err)
			}
			met[key] = true
			out = append(out, Cosigned{v.Name(), cp.Size, at.UTC()})
		}
	}
	slices.SortFunc(out, func(a, b Cosigned) int { return strings.Compare(a.Witness, b.Witness) })
	for _, k := range keys {
		if !met[strings.TrimSpace(k)] {
			name, _, _ := strings.Cut(k, "+")
			return out, fmt.Errorf("witness %s has not cosigned this ledger", name)
		}
	}
	return out, nil
}

// cosignedTexts are the checkpoints that witnesses cosigned: Verify holds the entries against each.
func cosignedTexts(files fs.FS) (out []string, err error) {
	names, err := fs.ReadDir(files, cosignedDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range names {
		if strings.HasSuffix(f.Name(), ".part") {
			continue
		}
		data, err := read(files, cosignedDir+"/"+f.Name(), 1<<20)
		if err != nil {
			return nil, err
		}
		_, text, _ := strings.Cut(string(data), "\n")
		out = append(out, text)
	}
	return out, err
}
