package defaults_test

import (
	"reflect"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

type nested struct {
	Timeout int
	File    string
}

type settings struct {
	URL    string
	Max    *int
	List   []string
	HTTP   *nested
	hidden string
}

func TestFill_ZeroFields(t *testing.T) {
	t.Parallel()
	standard := settings{URL: "standard", Max: new(5), List: []string{"a"}, HTTP: &nested{Timeout: 7, File: "f"}, hidden: "h"}
	for name, c := range map[string]struct{ given, want settings }{
		"nothing set":    {settings{}, settings{URL: "standard", Max: new(5), List: []string{"a"}, HTTP: &nested{Timeout: 7, File: "f"}}},
		"everything set": {settings{URL: "u", Max: new(0), List: []string{}, HTTP: &nested{1, "g"}}, settings{URL: "u", Max: new(0), List: []string{}, HTTP: &nested{1, "g"}}},
		"nested in part": {settings{URL: "u", HTTP: &nested{File: "g"}}, settings{URL: "u", Max: new(5), List: []string{"a"}, HTTP: &nested{7, "g"}}},
	} {
		if got := defaults.Fill(c.given, standard); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestFill_SharesNoStruct(t *testing.T) {
	t.Parallel()
	given := &nested{File: "g"}
	defaults.Fill(settings{HTTP: given}, settings{HTTP: &nested{Timeout: 7}})
	if given.Timeout != 0 {
		t.Error("the caller's nested struct was changed")
	}
}

func TestFill_NotAStruct(t *testing.T) {
	t.Parallel()
	if got := defaults.Fill(0, 7); got != 0 {
		t.Errorf("got %d, want 0: only fields have defaults", got)
	}
}
