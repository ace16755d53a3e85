package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast.example/holdfast/internal/need"
	"holdfast.example/holdfast/test/program"
)

// painted is when a page was painted first with something on it, in milliseconds after it was asked for.
const painted = `new Promise((done) => new PerformanceObserver((list) => {
	for (const e of list.getEntries()) if (e.name === "first-contentful-paint") done(e.startTime);
}).observe({ type: "paint", buffered: true }))`

// BenchmarkFirstPaint opens each page of the demo twenty times in a browser, and says when something was on it.
func BenchmarkFirstPaint(b *testing.B) {
	path := need.Program(b, "chromium")
	b.Setenv("TMPDIR", b.TempDir())
	p := program.Start(b, nil, "demo", "--listen", "127.0.0.1:0")
	address := "http://" + strings.TrimRight(strings.Fields(p.After("http://"))[0], "/.")
	alloc, end := chromedp.NewExecAllocator(b.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	defer end()
	ctx, end := chromedp.NewContext(alloc)
	defer end()
	for b.Loop() {
		worst := 0.0
		for _, page := range []string{"/", "/requirements", "/systems", "/findings", "/vulnerabilities", "/endpoints", "/estate", "/drift", "/runs", "/agents", "/decisions", "/ledger"} {
			var times []float64
			for range 20 {
				if err := chromedp.Do(ctx, chromedp.Navigate(address+page)); err != nil {
					b.Fatal(page, err)
				}
				at, err := chromedp.Run(ctx, chromedp.Evaluate[float64](painted, chromedp.EvalAwaitPromise))
				if err != nil {
					b.Fatal(page, err)
				}
				status, err := chromedp.Run(ctx, chromedp.Evaluate[int](`performance.getEntriesByType("navigation")[0].responseStatus`))
				if err != nil || status != 200 {
					b.Fatal(page, status, err)
				}
				times = append(times, at)
			}
			slices.Sort(times)
			fmt.Fprintf(os.Stderr, "%-18s median %4.0f ms, p95 %4.0f ms\n", page, times[10], times[18])
			worst = max(worst, times[18])
		}
		b.ReportMetric(worst, "worst-p95-ms")
	}
}
