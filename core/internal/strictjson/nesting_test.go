package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

func TestParse_DepthOfSiblings(t *testing.T) {
	t.Parallel()
	for _, inner := range []string{`[]`, `{}`, `[[1]]`, `{"a":{"b":1}}`} {
		list := strings.Repeat(inner+",", 3*strictjson.MaxDepth) + inner
		object := parse(t, `{"list":[`+list+`],"a":`+inner+`,"b":`+inner+`}`)
		v, _ := object.Lookup("list")
		if elements, ok := v.Array(); !ok || len(elements) != 3*strictjson.MaxDepth+1 {
			t.Errorf("%s: %d elements, %t", inner, len(elements), ok)
		}
	}
}

func TestParse_UnbalancedBrackets(t *testing.T) {
	t.Parallel()
	parse(t, `{"a":[{"b":1}]}`)
	for _, text := range []string{`["a":1}`, `{"a":1]`, `{"a":[1}}`, `{"a":{"b":1]}`, `["a"]`, `{"a":1}}`, `{{"a":1}`, `{"a":[1]]}`} {
		if _, err := strictjson.Parse([]byte(text)); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

func TestParse_DuplicateAmongMany(t *testing.T) {
	t.Parallel()
	for members := 1; members <= 40; members++ {
		parse(t, "{"+numbered(members)+"}")
		for i := range members {
			text := fmt.Sprintf(`{"o":{%s,"m%d":0}}`, numbered(members), i)
			if _, err := strictjson.Parse([]byte(text)); err == nil {
				t.Errorf("%s is accepted", text)
			}
		}
	}
}

func TestParse_InvalidUTF8(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff{}", "{}\xff", "{\"\xff\":1}"} {
		_, err := strictjson.Parse([]byte(text))
		if syntax, ok := errors.AsType[*strictjson.SyntaxError](err); !ok || syntax.Problem != "invalid UTF-8" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
