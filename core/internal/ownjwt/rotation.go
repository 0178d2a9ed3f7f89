package ownjwt

import (
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// The times of rotation.
const (
	rotateAfter = 30 * 24 * time.Hour // a key is replaced
	overlap     = time.Hour           // from the time when a key is stored until it is used

	// After a key was replaced or revoked it is kept until what was made with it
	// has expired, whatever the clock difference of the nodes: access tokens, and
	// the refresh tokens of the longest session.
	keepSigning = 25 * time.Hour
	keepRefresh = 401 * 24 * time.Hour
)

// purposes are those of the server keys. There are keys for each.
var purposes = []session.KeyPurpose{session.KeySigns, session.KeyRefreshes}

// unrevoked returns the keys for a purpose, in the order of their serial numbers.
func unrevoked(stored []session.Key, purpose session.KeyPurpose) []session.Key {
	var keys []session.Key
	for _, k := range stored {
		if k.Purpose == purpose && k.RevokedAt.IsZero() {
			keys = append(keys, k)
		}
	}
	return keys
}

// currentKey returns the key that is used for a purpose: the newest that is
// active. If none is active yet, by the clock of this node, it is the oldest. It is
// zero without keys.
func currentKey(stored []session.Key, purpose session.KeyPurpose, now time.Time) session.Key {
	keys := unrevoked(stored, purpose)
	for _, k := range slices.Backward(keys) {
		if !now.Before(k.ActiveAt) {
			return k
		}
	}
	if len(keys) == 0 {
		return session.Key{}
	}
	return keys[0]
}

// nextActive returns from when on the next key for a purpose is to be used, and
// whether it is time to store it.
func (s sealer) nextActive(stored []session.Key, purpose session.KeyPurpose, now time.Time) (at time.Time, isDue bool) {
	keys := unrevoked(stored, purpose)
	if len(keys) == 0 {
		return now, true
	}
	newest := keys[len(keys)-1]
	isDue = s.isOutdated(newest) || !now.Before(newest.ActiveAt.Add(rotateAfter-overlap))
	return now.Add(overlap), isDue
}

// nextSerial returns the serial number of the next key for a purpose.
func nextSerial(stored []session.Key, purpose session.KeyPurpose) int {
	highest := 0
	for _, k := range stored {
		if k.Purpose == purpose {
			highest = max(highest, k.Serial)
		}
	}
	return highest + 1
}

// isObsolete reports whether nothing that was made with k is valid any more.
func isObsolete(stored []session.Key, k session.Key, now time.Time) bool {
	keep := keepSigning
	if k.Purpose == session.KeyRefreshes {
		keep = keepRefresh
	}
	if !k.RevokedAt.IsZero() {
		return !now.Before(k.RevokedAt.Add(keep))
	}
	for _, successor := range unrevoked(stored, k.Purpose) {
		if successor.Serial > k.Serial {
			return !now.Before(successor.ActiveAt.Add(keep))
		}
	}
	return false
}
