package configfile

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// mask replaces what must not be shown.
const mask = "•••"

// span is a part of the file, in bytes. end is exclusive.
type span struct{ start, end int }

// maskedSpans returns what no snippet may show, in order and without overlap:
// the literal parts of secret arguments, and the user information of URLs.
//
// It inspects tokens instead of the syntax tree, because a file that cannot be
// parsed also has secrets. In doubt it masks.
func maskedSpans(isJSON bool, src []byte, names secretNames) []span {
	var spans []span
	if isJSON {
		spans = jsonSecrets(src, names)
	} else {
		spans = nativeSecrets(src, names)
	}
	for _, at := range userInfo.FindAllSubmatchIndex(src, -1) {
		spans = append(spans, span{at[2], at[3]})
	}
	return merge(spans)
}

// userInfo is the name and password of a URL, anywhere in the file.
var userInfo = regexp.MustCompile(`://([^\s"]+)@`)

// secretNames are the names of secret arguments and of all others.
type secretNames struct{ secret, known []string }

// has reports whether name is a secret argument, or may be a misspelled one.
func (n secretNames) has(name string) bool {
	switch {
	case slices.Contains(n.secret, name):
		return true
	case slices.Contains(n.known, name):
		return false
	default:
		return slices.ContainsFunc(n.secret, func(secret string) bool {
			return levenshtein.Distance(name, secret, nil) <= mostEdits
		})
	}
}

// nativeSecrets finds the secrets of a file in HCL's own syntax.
func nativeSecrets(src []byte, names secretNames) []span {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var spans []span
	for i := 0; i < len(tokens); i++ {
		if isIdent(tokens, i) && beginsItem(tokens, i) && names.has(string(tokens[i].Bytes)) {
			end := endOfItem(tokens, i+1)
			spans = append(spans, literals(tokens, i+1, end)...)
			i = end
		}
	}
	return spans
}

func isIdent(tokens hclsyntax.Tokens, i int) bool { return tokens[i].Type == hclsyntax.TokenIdent }

// beginsItem reports whether the token can be the name of an argument.
func beginsItem(tokens hclsyntax.Tokens, i int) bool {
	if i == 0 {
		return true
	}
	switch tokens[i-1].Type {
	case hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenOBrace, hclsyntax.TokenComma:
		return true
	default:
		return false
	}
}

// endOfItem returns the index of the token after the argument whose value begins
// at i: the line end, or the closing brace of a block of one line.
func endOfItem(tokens hclsyntax.Tokens, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if depth--; depth < 0 {
				return i
			}
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// literals returns the literal tokens: all except punctuation, names of functions,
// and the names that env and file read.
func literals(tokens hclsyntax.Tokens, from, to int) []span {
	var spans []span
	for i := from; i < to; i++ {
		if !isPunctuation(tokens[i].Type) && !isCall(tokens, i) && !isSourceName(tokens, i) {
			spans = append(spans, span{tokens[i].Range.Start.Byte, tokens[i].Range.End.Byte})
		}
	}
	return spans
}

func isPunctuation(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenCBrace, hclsyntax.TokenOBrack, hclsyntax.TokenCBrack,
		hclsyntax.TokenOParen, hclsyntax.TokenCParen, hclsyntax.TokenOQuote, hclsyntax.TokenCQuote,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateSeqEnd,
		hclsyntax.TokenEqual, hclsyntax.TokenComma, hclsyntax.TokenNewline, hclsyntax.TokenQuotedNewline, hclsyntax.TokenEOF:
		return true
	default:
		return false
	}
}

// isCall reports whether the token is the name of a function that is called.
func isCall(tokens hclsyntax.Tokens, i int) bool {
	return isIdent(tokens, i) && i+1 < len(tokens) && tokens[i+1].Type == hclsyntax.TokenOParen
}

// isSourceName reports whether the token is the name of an environment variable
// or of a file that is read: the first argument of env or file.
func isSourceName(tokens hclsyntax.Tokens, i int) bool {
	if tokens[i].Type != hclsyntax.TokenQuotedLit || i < 3 || !isCall(tokens, i-3) || tokens[i-1].Type != hclsyntax.TokenOQuote {
		return false
	}
	switch string(tokens[i-3].Bytes) {
	case "env":
		return envName.Match(tokens[i].Bytes)
	case "file":
		return true
	default:
		return false
	}
}

var (
	// jsonString is a member whose value is a string: name and value.
	jsonString = regexp.MustCompile(`"([^"\\]*)"\s*:\s*"((?:[^"\\]|\\.)*)`)
	// jsonNested is a member whose value is an object or an array.
	jsonNested = regexp.MustCompile(`"([^"\\]*)"\s*:\s*[\[{]([^\]}]*)`)
)

// jsonSecrets finds the secrets of a file in HCL's JSON form.
func jsonSecrets(src []byte, names secretNames) []span {
	var spans []span
	for _, at := range jsonString.FindAllSubmatchIndex(src, -1) {
		if names.has(string(src[at[2]:at[3]])) && hasLiteral(src[at[4]:at[5]]) {
			spans = append(spans, span{at[4], at[5]})
		}
	}
	for _, at := range jsonNested.FindAllSubmatchIndex(src, -1) {
		if names.has(string(src[at[2]:at[3]])) {
			spans = append(spans, span{at[4], at[5]})
		}
	}
	return spans
}

// hasLiteral reports whether a JSON string, which is a template, has a literal
// part.
func hasLiteral(value []byte) bool {
	var template string
	if json.Unmarshal(slices.Concat([]byte{'"'}, value, []byte{'"'}), &template) != nil {
		return true
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(template), "", hcl.InitialPos)
	return len(literals(tokens, 0, len(tokens))) > 0
}

// merge sorts spans and joins those that overlap or adjoin.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var merged []span
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.start <= merged[last].end {
			merged[last].end = max(merged[last].end, s.end)
		} else if s.start < s.end {
			merged = append(merged, s)
		}
	}
	return merged
}
