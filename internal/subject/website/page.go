package website

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// header makes the rule of a header of the first page.
func header(judge func(f Fact, p check.Params) check.Result) check.Rule {
	return onAnswer(func(f Fact, _ estate.View, p check.Params) check.Result { return judge(f, p) })
}

// onAnswer makes the rule of the first answer, whatever its status. Refusals and errors are judged as well: visitors
// see them, and they are framed and sniffed like any page; the result says that it was one.
func onAnswer(judge func(f Fact, declared estate.View, p check.Params) check.Result) check.Rule {
	return check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if f.Status == 0 {
			return check.Unseen("no page was had")
		}
		return f.told(judge(f, declared, p))
	})
}

// page makes the rule of a header that matters where something is shown: a redirect shows nothing.
func page(judge func(f Fact, p check.Params) check.Result) check.Rule {
	return onPage(func(f Fact, _ estate.View, p check.Params) check.Result { return judge(f, p) })
}

// onPage is page with what is declared.
func onPage(judge func(f Fact, declared estate.View, p check.Params) check.Result) check.Rule {
	return onAnswer(func(f Fact, declared estate.View, p check.Params) check.Result {
		if f.Status >= 300 && f.Status < 400 || f.Status == 204 {
			return check.Inapplicable(fmt.Sprintf("the answer %d shows no page", f.Status))
		}
		return judge(f, declared, p)
	})
}

// answer says which page was judged, where it is not the one that visitors want.
func (f Fact) answer() string {
	switch {
	case f.Status < 400:
		return ""
	case f.Status == 401 || f.Status == 403:
		return fmt.Sprintf("the first page is refused with %d", f.Status)
	}
	return fmt.Sprintf("the first page is answered with %d", f.Status)
}

// told adds to a result which page was judged.
func (f Fact) told(r check.Result) check.Result {
	note := f.answer()
	if note == "" {
		return r
	}
	if r.Verdict == check.Pass {
		r.Detail += "; " + note
	}
	for i := range r.Violations {
		r.Violations[i].Detail += " (" + note + ")"
	}
	return r
}

func fault(key, detail string) check.Result {
	return check.Failed(detail, []check.Violation{{Key: key, Detail: detail, At: "/headers"}})
}
