package configfile

import "github.com/agext/levenshtein"

// mostEdits is the largest edit distance of a suggestion, as in HCL.
const mostEdits = 2

// nearest returns the candidate that is most similar to name.
func nearest(name string, candidates []string) (string, bool) {
	best, edits := "", mostEdits+1
	for _, candidate := range candidates {
		if d := levenshtein.Distance(name, candidate, nil); d < edits && 2*d <= len(candidate) {
			best, edits = candidate, d
		}
	}
	return best, edits <= mostEdits
}
