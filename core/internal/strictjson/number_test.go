package strictjson_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

func TestValue_Floor(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("0", 10_000)
	for number, want := range map[string]struct {
		floor int64
		exact bool
	}{
		"0": {0, true}, "-0": {0, true}, "42": {42, true}, "-42": {-42, true}, "1795806000": {1795806000, true},
		"1795806000.0": {1795806000, true}, "1795806000.811": {1795806000, false}, "1795806000.000000000000000000000000001": {1795806000, false},
		"1.7958054e9": {1795805400, true}, "1.79580600081e9": {1795806000, false}, "17958060008e-1": {1795806000, false}, "17958060000E-1": {1795806000, true},
		"1e0": {1, true}, "1e+1": {10, true}, "1e-1": {0, false}, "0.5": {0, false}, "-0.5": {-1, false}, "-0.0": {0, true}, "-1.0": {-1, true}, "-1.5": {-2, false},
		"0e999999999": {0, true}, "0.0e-999999999": {0, true}, "1e-999999999": {0, false}, "-1e-99999999999999999999": {-1, false},
		"0." + zeros + "1e10001": {1, true}, "1" + zeros + "e-10000": {1, true}, "1e" + zeros + "1": {10, true},
		"9223372036854775807": {math.MaxInt64, true}, "-9223372036854775808": {math.MinInt64, true},
		"9223372036854775807.9": {math.MaxInt64, false}, "9.223372036854775807e18": {math.MaxInt64, true},
	} {
		floor, exact, ok := strictjson.Value(number).Floor()
		if !ok || floor != want.floor || exact != want.exact {
			t.Errorf("%.40s: got %d, exact %t, %t; want %d, exact %t", number, floor, exact, ok, want.floor, want.exact)
		}
		if n, ok := strictjson.Value(number).Int64(); ok != want.exact || ok && n != want.floor {
			t.Errorf("%.40s: Int64 returns %d, %t", number, n, ok)
		}
	}
	for _, value := range []string{
		"", `"1"`, "null", "true", "[1]", "{}", "9223372036854775808", "-9223372036854775809", "9223372036854775808.0", "1e19", "1e300",
		"1e999999999", "-1e999999999", "1e99999999999999999999", "0.1e" + zeros + "20",
	} {
		if n, _, ok := strictjson.Value(value).Floor(); ok {
			t.Errorf("%.40s: got %d, want none", value, n)
		}
	}
}

func TestValue_FloorCost(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of all goroutines
	for _, number := range []strictjson.Value{"1e999999999", "0e999999999", "1e-999999999", "1795806000", "1.7958054e9"} {
		if allocations := testing.AllocsPerRun(100, func() { _, _, _ = number.Floor() }); allocations > 1 {
			t.Errorf("%s: %v allocations, want 1 at most", number, allocations)
		}
	}
}

// Floor and big.Rat agree.
func FuzzValue_Floor(f *testing.F) {
	for _, number := range []string{"0", "-1.5", "1.7958054e9", "1795806000.811", "-1e-9", "9223372036854775807.5", "-9223372036854775808.0"} {
		f.Add(number)
	}
	f.Fuzz(func(t *testing.T, text string) {
		object, err := strictjson.Parse([]byte(`{"n":` + text + `}`))
		v, _ := object.Lookup("n")
		number, isNumber := v.Number()
		if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); err != nil || !isNumber || len(exponent) > 4 {
			return
		}
		exactly, ok := new(big.Rat).SetString(number.String())
		if !ok {
			t.Fatalf("%q is not a number", number)
		}
		want := new(big.Int).Div(exactly.Num(), exactly.Denom()) // Euclidean, and the denominator is positive
		floor, exact, ok := v.Floor()
		if fits := want.IsInt64() && (want.Int64() != math.MinInt64 || !strings.ContainsAny(text, ".eE")); ok != fits {
			t.Fatalf("%q: %t, want %t", text, ok, fits)
		}
		if ok && (floor != want.Int64() || exact != exactly.IsInt()) {
			t.Fatalf("%q: got %d, exact %t; want %s, exact %t", text, floor, exact, want, exactly.IsInt())
		}
	})
}
