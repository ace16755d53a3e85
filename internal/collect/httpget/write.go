package httpget

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/subject/website"
)

// trial is one request by a method that writes or that WebDAV brought.
type trial struct {
	method string
	at     string   // path that it is sent to
	makes  string   // path that it may make
	header []string // name and value in turn
	body   string
}

const (
	findBody   = `<?xml version="1.0"?><propfind xmlns="DAV:"><propname/></propfind>`
	patchBody  = `<?xml version="1.0"?><propertyupdate xmlns="DAV:"><set><prop><h:probe xmlns:h="urn:holdfast"/></prop></set></propertyupdate>`
	lockBody   = `<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`
	searchBody = `<?xml version="1.0"?><searchrequest xmlns="DAV:"/>`
)

// trials are what is sent, in this order: what PUT makes in spite of the condition is what the ones after it are tried
// on. All names are random, so that nothing of the site is meant.
func (s *site) trials(mark string) []trial {
	file, folder, copied, moved := "/"+random(), "/"+random(), "/"+random(), "/"+random()
	xml := []string{"Content-Type", "application/xml; charset=utf-8"}
	return []trial{
		{method: "DELETE", at: file},
		{method: "PUT", at: file, makes: file, header: []string{"Content-Type", "text/plain; charset=utf-8"}, body: mark},
		{method: "PATCH", at: file, makes: file, header: []string{"Content-Type", "application/merge-patch+json"}, body: `{}`},
		{method: "PROPFIND", at: file, header: append(xml, "Depth", "0"), body: findBody},
		{method: "PROPPATCH", at: file, header: xml, body: patchBody},
		{method: "SEARCH", at: file, header: xml, body: searchBody},
		{method: "LOCK", at: file, makes: file, header: append(xml, "Depth", "0", "Timeout", "Second-10"), body: lockBody},
		{method: "UNLOCK", at: file, header: []string{"Lock-Token", "<urn:uuid:00000000-0000-4000-8000-000000000000>"}},
		{method: "COPY", at: file, makes: copied, header: []string{"Destination", s.at(copied), "Overwrite", "F", "Depth", "0"}},
		{method: "MOVE", at: file, makes: moved, header: []string{"Destination", s.at(moved), "Overwrite", "F"}},
		{method: "MKCOL", at: folder + "/", makes: folder + "/"}, // RFC 4918 section 5.2: folders are named with a slash
	}
}

// writer tries the methods that write, and remembers what has to be removed again.
type writer struct {
	*site
	mark   string // that a file holds which PUT made
	absent int    // status of GET of a name that nobody has
	unmet  int    // the same under the condition
	seen   []website.Method
	made   []creation
}

// creation is what a server made in spite of the condition, or may have made when its answer was lost.
type creation struct {
	path, lock string
	by         int // place in writer.seen
}

// never is the condition: RFC 9110 section 13.1.1, a tag that nothing has.
func never() http.Header { return http.Header{"If-Match": {`"never"`}} }

// writers tries the methods that write. A server that does not heed the condition makes a file with a random name,
// which is removed again, also after an interrupt.
func (s *site) writers(ctx context.Context, f *website.Fact) error {
	w := &writer{site: s, mark: random()}
	defer func() { f.Methods = append(f.Methods, w.seen...) }()
	defer w.clear(ctx)
	all := s.trials(w.mark)
	// A server that does not look at the method answers all of them as it does GET.
	before, err := s.ask(ctx, http.MethodGet, s.at(all[0].at), nil)
	if err != nil {
		return err
	}
	under, err := s.ask(ctx, http.MethodGet, s.at(all[0].at), never())
	if err != nil {
		return err
	}
	w.absent, w.unmet = before.status, under.status
	for _, t := range all {
		if err := w.try(ctx, t); err != nil {
			return err
		}
	}
	w.seen = append(w.seen, w.tunnel(ctx)...)
	return nil
}

// try makes one request and looks whether something is there now that was not.
func (w *writer) try(ctx context.Context, t trial) error {
	header := never()
	for i := 0; i+1 < len(t.header); i += 2 {
		header.Set(t.header[i], t.header[i+1])
	}
	r, err := w.send(ctx, t.method, w.at(t.at), header, t.body, maxBody)
	m := website.Method{Name: t.method, Status: r.status, Alike: w.alike(r)}
	known := slices.ContainsFunc(w.made, func(c creation) bool { return c.path == t.makes })
	if t.makes != "" && !known && (err != nil || r.status < 300) {
		now, asked := w.ask(ctx, http.MethodGet, w.at(t.makes), nil)
		m.Created = err == nil && (r.status == http.StatusCreated && !m.Alike || asked == nil && w.there(now))
		if m.Created || err != nil || asked != nil {
			w.made = append(w.made, creation{path: t.makes, by: len(w.seen)})
		}
	}
	if token := r.header.Get("Lock-Token"); t.method == "LOCK" && token != "" {
		if u, err := w.send(ctx, "UNLOCK", w.at(t.at), http.Header{"Lock-Token": {token}}, "", maxBody); err != nil || u.status >= 300 {
			for i := range w.made {
				w.made[i].lock = token
			}
		}
	}
	if err == nil || t.makes != "" {
		w.seen = append(w.seen, m)
	}
	return err
}

func (w *writer) alike(r reply) bool { return r.status == w.absent || r.status == w.unmet }

// there tells whether an answer to GET is that of something, where nothing was before.
func (w *writer) there(r reply) bool {
	lost := r.status >= 500 || r.status == http.StatusTooManyRequests // says nothing of the file
	return strings.Contains(r.body, w.mark) || r.status != w.absent && !lost
}

// clear removes what was made, the newest first. It does not end with ctx: whoever interrupts wants the site as it was.
func (w *writer) clear(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(4*w.Timeout, time.Minute))
	defer cancel()
	for _, c := range slices.Backward(w.made) {
		if now, err := w.ask(ctx, http.MethodGet, w.at(c.path), nil); err == nil && !w.there(now) && !w.seen[c.by].Created {
			continue
		}
		w.seen[c.by].Created = true
		var header http.Header
		if c.lock != "" {
			header = http.Header{"If": {"(" + c.lock + ")"}}
		}
		r, err := w.send(ctx, http.MethodDelete, w.at(c.path), header, "", maxBody)
		after, asked := w.ask(ctx, http.MethodGet, w.at(c.path), nil)
		if err != nil || asked != nil || w.there(after) {
			w.seen[c.by].Left = c.path
			continue
		}
		if i := slices.IndexFunc(w.seen, func(m website.Method) bool { return m.Name == http.MethodDelete }); i >= 0 && r.status < 300 {
			w.seen[i].Status, w.seen[i].Alike = r.status, false
		}
	}
}
