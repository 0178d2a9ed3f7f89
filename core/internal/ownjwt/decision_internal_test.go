package ownjwt

import (
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// Cases: R01, R02, R03, R05.
func TestDecide_Generations(t *testing.T) {
	t.Parallel()
	const grace = 10 * time.Second
	keys := [][]byte{secondKey, firstKey}
	first := newRefreshToken(firstKey, 0)
	second := first.successor(firstKey, "id")
	third := second.successor(secondKey, "id")
	at := time.Unix(1_800_000_000, 0)

	exchanged := func(from, to refreshToken) session.Session {
		return session.Session{ID: "id", Lookup: from.lookup, SecretHash: to.hash(), PreviousHash: from.hash(), RefreshedAt: at}
	}
	begun := session.Session{ID: "id", Lookup: first.lookup, SecretHash: first.hash()}
	guessed := second
	guessed.secret[0] ^= 1
	for name, c := range map[string]struct {
		token   refreshToken
		session session.Session
		now     time.Time
		want    decision
	}{
		"New":                    {first, begun, at, tokenCurrent},
		"Successor":              {second, exchanged(first, second), at, tokenCurrent},
		"PredecessorAtOnce":      {first, exchanged(first, second), at, tokenRepeated},
		"PredecessorInTheGrace":  {first, exchanged(first, second), at.Add(grace - 1), tokenRepeated},
		"PredecessorOfTheFuture": {first, exchanged(first, second), at.Add(-time.Second), tokenRepeated},
		"PredecessorAfterGrace":  {first, exchanged(first, second), at.Add(grace), tokenReused},
		"UsedSuccessor":          {first, exchanged(second, third), at, tokenReused},
		"NotYetIssued":           {third, exchanged(first, second), at, tokenReused},
		"Guessed":                {guessed, exchanged(second, third), at, tokenForged},
		"GuessedOfNew":           {guessed, begun, at, tokenForged},
	} {
		if got := decide(c.token, c.session, keys, grace, c.now); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	if got := decide(first, exchanged(first, second), keys, 0, at); got != tokenReused {
		t.Errorf("without a grace: got %d, want reused", got)
	}
	if got := decide(first, exchanged(second, third), nil, grace, at); got != tokenForged {
		t.Errorf("after its key was revoked: got %d, want forged", got)
	}
	if got := decide(second, exchanged(first, second), nil, grace, at); got != tokenCurrent {
		t.Errorf("the current token, after its key was revoked: got %d, want current", got)
	}
}

// Cases: R03.
func TestSuccessorOf_TriesAllKeys(t *testing.T) {
	t.Parallel()
	first := newRefreshToken(firstKey, 0)
	second := first.successor(firstKey, "id")
	s := session.Session{ID: "id", SecretHash: second.hash(), PreviousHash: first.hash()}
	for _, keys := range [][][]byte{{firstKey}, {secondKey, firstKey}} {
		if got, ok := successorOf(first, s, keys); !ok || got != second {
			t.Errorf("%d keys: got %+v, %t, want %+v", len(keys), got, ok, second)
		}
	}
	if got, ok := successorOf(first, s, [][]byte{secondKey}); ok || got != (refreshToken{}) {
		t.Errorf("without its key: got %+v, %t", got, ok)
	}
}
