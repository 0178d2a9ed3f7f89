package jwt

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/token"
)

// anySignature accepts every signature, so that a million tokens need not be
// signed.
type anySignature struct{}

func (anySignature) Verify([]byte, []byte, any) error { return nil }

func TestCache_BoundsMemory(t *testing.T) { //nolint:paralleltest // the heap is shared
	capacity, many := 1000, 1_000_000
	if testing.Short() || raceDetector {
		capacity, many = 200, 5000
	}
	verifier := verifiers["ES256"]
	verifiers["ES256"] = anySignature{}
	t.Cleanup(func() { verifiers["ES256"] = verifier })
	for _, c := range []struct { //nolint:paralleltest // the heap is shared
		name   string
		claims string // in addition to the registered ones
		n      int
	}{
		{"UsualTokens", `"scope":"access","type":"client_access_token","authentication_method":"OTP","jti":"f4f2c1de-0d2f-4b38-9f4c-0f0a4a0d6c55"`, many},
		{"LongClaims", `"roles":"` + strings.Repeat("a", 5000) + `"`, capacity},
		{"ManyMembers", manyMembers(600), capacity},
		{"ManyElements", `"roles":["a"` + strings.Repeat(`,""`, 1700) + `]`, capacity},
		{"ManyNumbers", `"roles":1` + strings.Repeat(" ", 5000), capacity},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Unix(1795345200, 0)
			key, err := token.NewKey("k1", "ES256", signer.NewES256("k1").Public())
			if err != nil {
				t.Fatal(err)
			}
			v, err := NewVerifier(Policy{
				Keys: keyring{key}, Issuer: "i", Audience: []string{"app"}, Algorithms: []string{"ES256"},
				Now: func() time.Time { return now },
			})
			if err != nil {
				t.Fatal(err)
			}
			derive := func(c token.Claims) (identity.Identity, error) {
				key := identity.Key{Issuer: c.Issuer, Subject: c.Subject}
				return identity.Identity{Key: key, Audience: c.Audience, Claims: c.Extra()}, nil
			}
			before := heap()
			cache := NewCache(v, capacity, derive)
			head := base64url.EncodeToString([]byte(`{"alg":"ES256","kid":"k1"}`)) + "."
			for n := range c.n {
				claims := fmt.Sprintf(`{"iss":"i","aud":"app","sub":"user-%d","iat":1795345200,"exp":1795348800,%s}`, n, c.claims)
				raw := head + base64url.EncodeToString([]byte(claims)) + ".AA"
				if id, err := cache.Verify(t.Context(), raw); err != nil || id.Subject != fmt.Sprint("user-", n) {
					t.Fatalf("%q, %v", id.Subject, err)
				}
			}
			cache.entries.CleanUp()
			entries, weight := cache.entries.EstimatedSize(), int(cache.entries.WeightedSize())
			used := heap() - before
			t.Logf("%d tokens with a weight of %d are stored, %d bytes each", entries, weight, used/int64(max(entries, 1)))
			if entries == 0 || weight > capacity || used > int64(capacity*cachedSize) {
				t.Errorf("%d bytes with a weight of %d, want at most %d with %d", used, weight, capacity*cachedSize, capacity)
			}
			runtime.KeepAlive(cache)
		})
	}
}

func manyMembers(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"%x":1`, i))
	}
	return strings.Join(members, ",")
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
