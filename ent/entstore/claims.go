package entstore

import (
	"encoding/json"
	"fmt"
	"strings"
)

// encodeClaims encodes kept claims as a JSON object; without claims it returns
// nil, which is null in the database.
func encodeClaims(claims map[string]any) (*string, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	object, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("entstore: encoding claims: %w", err)
	}
	return new(string(object)), nil
}

// keptClaims scans the column that encodeClaims wrote. Numbers keep their digits.
type keptClaims struct{ claims *map[string]any }

// Scan implements sql.Scanner.
func (k keptClaims) Scan(column any) error {
	switch object := column.(type) {
	case nil:
		return nil
	case string:
		return k.decode(object)
	case []byte:
		return k.decode(string(object))
	default:
		return fmt.Errorf("entstore: claims are stored as %T", column)
	}
}

func (k keptClaims) decode(object string) error {
	decoder := json.NewDecoder(strings.NewReader(object))
	decoder.UseNumber()
	if err := decoder.Decode(k.claims); err != nil {
		return fmt.Errorf("entstore: decoding claims: %w", err)
	}
	for name, value := range *k.claims {
		if list, ok := value.([]any); ok {
			(*k.claims)[name] = toStrings(list)
		}
	}
	return nil
}

// toStrings returns a list of strings, the only type of list in kept claims.
func toStrings(list []any) []string {
	result := make([]string, len(list))
	for i, value := range list {
		result[i], _ = value.(string)
	}
	return result
}
