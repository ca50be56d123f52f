package console

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"depfetch/fetch"
)

// barInterval is the time from one drawing of the bar to the next.
const barInterval = 100 * time.Millisecond

// barProgress draws one bar for all files together with the names of those under way,
// and above it the lines of what has ended or failed.
type barProgress struct {
	under  underway
	screen *screen
	plain  plainLines
	bar    *progressbar.ProgressBar // nil if the bytes of all files are not known
	total  int64
	files  int // 0 without a plan
	ready  int
	done   map[*fetch.Artifact]int64 // bytes so far
	rate   rate                      // of the last sample
	speed  float64                   // bytes per second, smoothed
}

func newBar(s *screen, lines plainLines, now func() time.Time) *barProgress {
	return &barProgress{under: underway{now: now}, screen: s, plain: lines, done: make(map[*fetch.Artifact]int64)}
}

func (p *barProgress) Event(e fetch.Event) {
	defer p.idle()
	p.under.mu.Lock()
	defer p.under.mu.Unlock()
	p.rate.bytes += p.under.note(e)
	switch e.Kind {
	case fetch.EventPlan:
		p.plan(e)
	case fetch.EventStart, fetch.EventWaiting, fetch.EventSending:
		p.under.every(barInterval, p.draw)
	case fetch.EventProgress:
		p.done[e.Artifact] = e.Bytes
	case fetch.EventVerified:
		p.ready++
		if _, ok := p.done[e.Artifact]; ok { // else it shares the bytes of another
			p.done[e.Artifact] = e.Bytes
		}
	}
	p.plain.event(p.plain.w, e)
}

// Step implements Progress.
func (p *barProgress) Step(what string) func() {
	end := p.under.step(what, barInterval, p.draw)
	return func() {
		end()
		p.idle()
	}
}

// idle clears the screen where nothing is under way and no plan says that more comes:
// what follows may be printed elsewhere.
func (p *barProgress) idle() {
	p.under.mu.Lock()
	defer p.under.mu.Unlock()
	if len(p.under.tasks) == 0 && p.files == 0 {
		p.screen.clear()
	}
}

func (p *barProgress) plan(e fetch.Event) {
	p.files, p.total, p.ready, p.bar = e.Files, e.Bytes, 0, nil
	clear(p.done)
	if e.Files == 0 || e.Bytes == 0 {
		return
	}
	p.rate = rate{p.under.now(), 0}
	if p.total > 0 {
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(io.Discard), // the screen shows it
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
		)
	}
	p.draw()
}

// draw shows the bar as things are now.
func (p *barProgress) draw() {
	if len(p.under.tasks) == 0 && p.files == 0 {
		return
	}
	var sum int64
	for _, n := range p.done {
		sum += n
	}
	p.sample(sum)
	columns := p.screen.width()
	text := ""
	if p.files > 0 {
		text = fmt.Sprintf("%d/%d", p.ready, p.files)
	}
	if columns >= 40 || p.bar == nil { // else there is room for the bar alone
		text = p.details(text, sum, columns)
	}
	if p.bar != nil {
		progressbar.OptionSetWidth(min(max(3, columns/4-2), 30))(p.bar)
		p.bar.Set64(min(sum, p.total-1)) // a full one ends itself
		p.bar.Describe(text)
		text = p.bar.String()[1:] // without its carriage return
	}
	p.screen.show(text)
}

// details adds to the number of files how fast they come, and which.
func (p *barProgress) details(text string, sum int64, columns int) string {
	if text != "" {
		text += " files  "
	}
	total := p.total
	if t := p.under.tasks; p.bar == nil && len(t) == 1 && len(p.done) == 1 && t[0].artifact != nil {
		total = max(t[0].artifact.Size, 0) // of all that there is
	}
	if sum > 0 && (p.bar == nil || columns >= 100) {
		text += Bytes(sum)
		if p.bar == nil && total > 0 && columns >= 40 {
			text += " of " + Bytes(total)
		}
		text += "  "
	}
	if p.speed > 0 && columns >= 40 { // else there is room for the names alone
		text += Bytes(int64(p.speed)) + "/s  "
		if d, ok := left(total-sum, p.speed); ok && total > 0 {
			text += fmt.Sprintf("%s left  ", d)
		}
	}
	return text + p.under.names()
}

// sample measures the speed, once in half a second.
func (p *barProgress) sample(sum int64) {
	now := p.under.now()
	if p.rate.at.IsZero() { // there was no plan
		p.rate.at = now
	}
	if now.Sub(p.rate.at) < 500*time.Millisecond {
		return
	}
	speed := p.rate.perSecond(now, sum)
	if p.speed > 0 {
		speed = 0.7*p.speed + 0.3*speed
	}
	p.rate, p.speed = rate{now, sum}, speed
}

// Close ends the drawing.
func (p *barProgress) Close() {
	p.under.close()
	p.screen.clear()
}

func (p *barProgress) Done(s fetch.Summary, err error, _ int) {
	p.Close()
	p.plain.done(s, err)
}
