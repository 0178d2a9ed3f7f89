package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// files are the README's configuration files, in its order.
var files = []string{"auth.hcl", "auth.cotter.hcl", "auth.google.hcl"}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the README's code blocks in a language.
func blocks(t *testing.T, language string) (contents []string) {
	t.Helper()
	block := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, match := range block.FindAllStringSubmatch(read(t, "../../README.md"), -1) {
		contents = append(contents, match[1])
	}
	return contents
}

func TestREADME_Program(t *testing.T) {
	t.Parallel()
	_, program, _ := strings.Cut(read(t, "main.go"), "\n")
	if got := blocks(t, "go"); !slices.Equal(got, []string{program}) {
		t.Errorf("the README has other Go code than main.go:\n%s", strings.Join(got, "\n"))
	}
}

func TestREADME_Files(t *testing.T) {
	t.Parallel()
	var want []string
	for _, file := range files {
		want = append(want, read(t, file))
	}
	if got := blocks(t, "hcl"); !slices.Equal(got, want) {
		t.Errorf("the README has other files than %s:\n%s", files, strings.Join(got, "\n"))
	}
}
