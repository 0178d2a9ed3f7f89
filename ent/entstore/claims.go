package entstore

import (
	"encoding/json"
	"fmt"
	"strings"
)

// encodeClaims translates kept claims to a JSON object. No claims are null in
// the database.
func encodeClaims(claims map[string]any) (*string, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("entstore: encoding claims: %w", err)
	}
	return new(string(text)), nil
}

// keptClaims scans what encodeClaims wrote. Numbers keep their digits.
type keptClaims struct{ claims *map[string]any }

// Scan implements sql.Scanner.
func (k keptClaims) Scan(column any) error {
	switch text := column.(type) {
	case nil:
		return nil
	case string:
		return k.decode(text)
	case []byte:
		return k.decode(string(text))
	default:
		return fmt.Errorf("entstore: claims are stored as %T", column)
	}
}

func (k keptClaims) decode(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(k.claims); err != nil {
		return fmt.Errorf("entstore: decoding claims: %w", err)
	}
	for name, value := range *k.claims {
		if list, ok := value.([]any); ok {
			(*k.claims)[name] = texts(list)
		}
	}
	return nil
}

// texts returns a list of texts, which is the only kind of list that is kept.
func texts(list []any) []string {
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i], _ = value.(string)
	}
	return texts
}
