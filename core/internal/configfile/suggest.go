package configfile

import "github.com/agext/levenshtein"

// mostEdits is how far a misspelt name may be from what was meant, as HCL
// judges it.
const mostEdits = 2

// nearest returns the candidate that name was most likely meant to be.
func nearest(name string, candidates []string) (string, bool) {
	best, edits := "", mostEdits+1
	for _, candidate := range candidates {
		if d := levenshtein.Distance(name, candidate, nil); d < edits && 2*d <= len(candidate) {
			best, edits = candidate, d
		}
	}
	return best, edits <= mostEdits
}
