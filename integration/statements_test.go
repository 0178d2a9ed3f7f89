package integration_test

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
)

// TestStatements_EachFault lets every statement of every operation fail in
// every way, one at a time. The response is then a success or 503, the tables
// are at one of the stages of the operation, nothing is in progress, and a
// retry succeeds.
func TestStatements_EachFault(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			onEach(t, servable(), func(t *testing.T, b backend) { o.run(t, b) })
		})
	}
}

func (o operation) run(t *testing.T, b backend) {
	t.Helper()
	if o.session == "" {
		o.session = ownSessions
	}
	n := newNodes(t, b, o.session, o.hook)
	o.runSound(t, n) // connections prepare statements at first use
	events := o.runSound(t, n)
	o.checkEvents(t, events)
	for at, event := range events {
		if !t.Run(fmt.Sprintf("%d-%v", at+1, event), func(t *testing.T) { o.fail(t, n, at+1, event.Op) }) {
			return
		}
	}
}

// fail lets one statement fail in every way.
func (o operation) fail(t *testing.T, n *nodes, at int, kind faultdriver.Op) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(faultdriver.Faults)) {
		fault := faultdriver.Faults[name]
		if fault == faultdriver.LoseRows && kind != faultdriver.Query {
			continue
		}
		o.runFaulty(t, n, &faultdriver.Script{At: at, Fault: fault})
		if t.Failed() {
			t.Fatalf("the fault was %s", name)
		}
	}
}

// begin prepares a trial.
func (o operation) begin(t *testing.T, n *nodes) (*person, trial) {
	t.Helper()
	p := n.newPerson(t, o.times)
	n.clock.advance(max(o.later, time.Minute))
	trial := o.trial(t, p)
	if got := p.state(t); got != o.stages[0] {
		t.Fatalf("before: %+v, want %+v", got, o.stages[0])
	}
	return p, trial
}

// runSound runs the operation without a fault.
func (o operation) runSound(t *testing.T, n *nodes) []faultdriver.Event {
	t.Helper()
	p, trial := o.begin(t, n)
	var script faultdriver.Script
	r := trial.send(script.In(t.Context()))
	if want := o.status(o.stages[0]); r.Status != want {
		t.Fatalf("without a fault: %d %s, want %d", r.Status, r.Body, want)
	}
	if got, want := p.state(t), o.stages[len(o.stages)-1]; got != want {
		t.Fatalf("without a fault: %+v, want %+v", got, want)
	}
	trial.check(t, r)
	n.atRest(t)
	return script.Events()
}

func (o operation) status(before state) int {
	if o.succeeds == nil {
		return http.StatusOK
	}
	return o.succeeds(before)
}

// checkEvents checks the number of statements without a fault, and their
// deadlines.
func (o operation) checkEvents(t *testing.T, events []faultdriver.Event) {
	t.Helper()
	got := costOf(events)
	recordCost(t, got)
	if want := costOn(o.name, path.Base(t.Name())); got != want {
		t.Errorf("the cost is %v, want %v: %v", got, want, events)
	}
	for _, event := range events {
		if !o.unbounded && (!event.HasDeadline || event.Remaining > storeTimeout) {
			t.Errorf("%v may last %v, want at most %v", event, event.Remaining, storeTimeout)
		}
	}
}

// runFaulty runs the operation with a fault, and then again without.
func (o operation) runFaulty(t *testing.T, n *nodes, script *faultdriver.Script) {
	t.Helper()
	p, trial := o.begin(t, n)
	ctx := newExpiringContext(t.Context())
	script.OnHang = ctx.expire
	exchanges := n.issuer.Requests(providertest.RefreshPath)
	r := trial.send(script.In(ctx))
	n.atRest(t)
	if len(script.Events()) < script.At {
		t.Fatalf("no fault occurred: %v", script.Events())
	}
	between, last := p.state(t), o.stages[len(o.stages)-1]
	switch {
	case !slices.Contains(o.stages, between):
		t.Fatalf("%d %s leaves %+v", r.Status, r.Body, between)
	case r.Status != o.status(o.stages[0]):
		unavailable(t, r)
	case between != last && !o.anyStage:
		t.Fatalf("%d leaves %+v, want %+v", r.Status, between, last)
	default:
		trial.check(t, r)
	}
	exchanged := n.issuer.Requests(providertest.RefreshPath) > exchanges
	if o.spends && exchanged && ctx.Err() != nil {
		return // the deadline passed after the response of the provider: its tokens are lost
	}
	o.runAgain(t, p, trial, between)
	n.atRest(t)
}

// runAgain repeats the request without a fault.
func (o operation) runAgain(t *testing.T, p *person, trial trial, between state) {
	t.Helper()
	r := trial.send(t.Context())
	want := o.stages[len(o.stages)-1]
	if o.again != nil {
		want = o.again(between)
	}
	if o.done != 0 && between != o.stages[0] && r.Status == o.done {
		want = between
	} else if r.Status != o.status(between) {
		t.Fatalf("again: %d %s, want %d", r.Status, r.Body, o.status(between))
	}
	if got := p.state(t); got != want {
		t.Errorf("again: %+v becomes %+v, want %+v", between, got, want)
	}
	trial.check(t, r)
}
