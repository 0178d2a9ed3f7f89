package demo

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
)

func TestCaller(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal core.Principal
		want      string
	}{
		"unauthenticated": {core.Principal{}, `{"user_id":null,"provider":null,"subject":null,"auth_method":null,"session_id":null}`},
		"user": {
			core.Principal{UserID: uuid.MustParse("01a204ce-1a2d-7364-a16e-e0937d4657eb"), Provider: "p", Subject: "s", AuthMethod: "OTP", SessionID: "i"},
			`{"user_id":"01a204ce-1a2d-7364-a16e-e0937d4657eb","provider":"p","subject":"s","auth_method":"OTP","session_id":"i"}`,
		},
		"token without user": {
			core.Principal{Provider: "p", Subject: "s"},
			`{"user_id":null,"provider":"p","subject":"s","auth_method":null,"session_id":null}`,
		},
	} {
		if got := string(Caller(c.principal).Body); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestReadNote(t *testing.T) {
	t.Parallel()
	largest := `{"note":"` + strings.Repeat("x", maxNoteBody-len(`{"note":""}`)) + `"}`
	for body, want := range map[string]autherr.Code{
		`{"note":"x"}`: "", `{"note":""}`: "", largest: "",
		largest + " ": autherr.PayloadTooLarge,
		"":            autherr.InvalidRequest, "x": autherr.InvalidRequest, `{}`: autherr.InvalidRequest,
		`{"note":null}`: autherr.InvalidRequest, `{"note":7}`: autherr.InvalidRequest, `{"note":"x"}x`: autherr.InvalidRequest,
	} {
		_, err := ReadNote(strings.NewReader(body))
		if want == "" && err != nil || want != "" && autherr.CodeOf(err) != want {
			t.Errorf("%.40q: %v, want %q", body, err, want)
		}
	}
	if _, err := ReadNote(iotest.ErrReader(iotest.ErrTimeout)); autherr.CodeOf(err) != autherr.InvalidRequest {
		t.Errorf("an aborted body: %v", err)
	}
}
