package engine

import (
	"slices"
	"testing"
)

func TestEngine_Sources(t *testing.T) {
	for name, c := range map[string]struct {
		requirement, url string
		required         bool
		sources          []string
	}{
		"Nothing":              {"", "", false, []string{"docker", "host"}},
		"URL":                  {"", "postgres://", true, []string{"environment"}},
		"Required":             {"1", "", true, []string{"docker", "host"}},
		"RequiredAndURL":       {"1", "postgres://", true, []string{"environment"}},
		"OnlyContainers":       {"docker", "", true, []string{"docker"}},
		"OnlyContainersAndURL": {"docker", "postgres://", true, []string{"docker"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := Engine{Variable: "COTTERPIN_TEST_POSTGRES"}
			t.Setenv(requirement, c.requirement)
			t.Setenv(e.Variable, c.url)
			var sources []string
			for _, source := range e.sources() {
				sources = append(sources, source.name)
			}
			if !slices.Equal(sources, c.sources) || e.Required() != c.required {
				t.Errorf("got %v, required %t", sources, e.Required())
			}
		})
	}
}

func TestEngine_StoppedStaysStopped(t *testing.T) {
	t.Parallel()
	var e Engine
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	if server, err := e.Server(); err == nil {
		t.Errorf("got %v", server)
	}
}

func TestEngine_WrongVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		want    bool
	}{
		{"PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64", true},
		{"PostgreSQL 15", false},
		{"PostgreSQL 16.2", false},
		{"PostgreSQL 150.1", false},
	} {
		e := Engine{Version: "15"}
		if got := e.is(c.version); got != c.want {
			t.Errorf("%s: got %t", c.version, got)
		}
	}
	mariadb := Engine{Version: "10.11"}
	if !mariadb.is("10.11.19-MariaDB-0+deb12u1") || mariadb.is("10.1.48-MariaDB") {
		t.Error("wrong versions of MariaDB")
	}
}
