package configfile

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
)

// root is the top level of the file.
var root = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: BlockAuth},
	{Type: BlockProvider, LabelNames: []string{"type", "name"}},
	{Type: BlockUsers},
	{Type: BlockSession, LabelNames: []string{"strategy"}},
	{Type: BlockDatabase, LabelNames: []string{"type"}},
}}

const rootNames = "The file has the blocks auth, provider, users, session and database."

// settings reads the whole file.
func (d *decoder) settings(known types, body hcl.Body) File {
	content, found := withProviderNames(body).Content(root)
	blocks := content.Blocks.ByType()
	for _, f := range found {
		for _, kind := range root.Blocks {
			if len(blocks[kind.Type]) == 0 && hasLost(f, kind.Type) {
				d.failed[Path{Block: kind.Type}] = true
			}
		}
		d.found = append(d.found, withLabels(withNames(f, rootNames)))
	}
	s := File{Directory: filepath.Dir(d.source.filename), Source: d.source}
	s.Auth = d.auth(blocks[BlockAuth])
	s.Providers = d.providers(known.providers, blocks[BlockProvider])
	s.Users = d.users(blocks[BlockUsers])
	d.sessions(&s, blocks[BlockSession])
	s.Database = d.database(known.databases, blocks[BlockDatabase])
	s.separateCookies()
	return s
}

// withProviderNames adds to each provider with one label its name, which is the
// type again, because HCL requires the same number of labels everywhere. In the
// JSON form one label cannot be distinguished from two, so it always has both.
func withProviderNames(body hcl.Body) hcl.Body {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return body
	}
	named := *native
	named.Blocks = slices.Clone(native.Blocks)
	for i, b := range named.Blocks {
		if b.Type == BlockProvider && len(b.Labels) == 1 {
			twice := *b
			twice.Labels = slices.Repeat(b.Labels, 2)
			twice.LabelRanges = slices.Repeat(b.LabelRanges, 2)
			named.Blocks[i] = &twice
		}
	}
	return &named
}

// hasLost reports whether a diagnostic means that HCL left out a block of that
// name, because its labels are wrong or its name is misspelled.
func hasLost(found *hcl.Diagnostic, kind string) bool {
	return suggests(found, kind) ||
		strings.HasSuffix(found.Summary, " for "+kind) ||
		strings.Contains(found.Detail, fmt.Sprintf("%q blocks", kind)) ||
		strings.Contains(found.Detail, fmt.Sprintf("the %s block's", kind))
}

// withLabels adds the expected labels to a diagnostic about labels.
func withLabels(found *hcl.Diagnostic) *hcl.Diagnostic {
	switch {
	case found.Summary == "Missing strategy for session":
		found.Detail = `Write session "own" or session "provider_token".`
	case found.Summary == "Missing type for provider":
		found.Detail = `Write provider "TYPE", or provider "TYPE" "NAME" if there are several of one type.`
	case found.Summary == "Missing type for database":
		found.Detail = `Write database "TYPE", such as database "sqlite".`
	case found.Summary == "Missing block label",
		found.Summary == "Incorrect JSON value type" && strings.Contains(found.Detail, `"provider" blocks`):
		found.Detail += ` In the JSON form each label of a block is a member, and a provider always has two labels: {"provider": {"TYPE": {"NAME": {…}}}}.`
	}
	return found
}

// enter records the range of a block.
func (d *decoder) enter(at Path, b *hcl.Block) { d.source.ranges[at] = b.DefRange }

// only returns the one block of its name, nil if there is none.
func (d *decoder) only(blocks []*hcl.Block) *hcl.Block {
	if len(blocks) == 0 {
		return nil
	}
	d.rejectDuplicates(blocks)
	return blocks[0]
}

func (d *decoder) auth(blocks []*hcl.Block) config.Auth {
	at, auth := Path{Block: BlockAuth}, config.Auth{}.WithDefaults()
	b := d.only(blocks)
	if b == nil {
		d.missingAuth(at)
		return auth
	}
	d.enter(at, b)
	d.decode(at, b.Body, &auth)
	return auth
}

func (d *decoder) missingAuth(at Path) {
	if !d.failed[at] {
		d.report(at, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Missing auth block",
			Detail:   "Add a block auth with the argument base_url, the origin of the application, such as \"https://api.example.com\".",
			Subject:  d.source.rangeOf(at).Ptr(),
		})
	}
}

func (d *decoder) users(blocks []*hcl.Block) config.Users {
	at, users := Path{Block: BlockUsers}, config.Users{}.WithDefaults()
	if b := d.only(blocks); b != nil {
		d.enter(at, b)
		d.decode(at, b.Body, &users)
	}
	return users
}

// providers reads the provider blocks. A block of an unknown type becomes an
// instance without a type.
func (d *decoder) providers(known map[string]provider.Type, blocks []*hcl.Block) []provider.Instance {
	var instances []provider.Instance
	for _, b := range blocks {
		instance := provider.Instance{Name: cmp.Or(b.Labels[1], b.Labels[0]), Common: provider.Common{}.WithDefaults()}
		at := providerPath(instances, instance)
		d.enter(at, b)
		if t, ok := pick(d, at, b, known); ok {
			instance.Type, instance.Settings = t, t.NewSettings()
			d.decode(at, b.Body, &instance.Common, instance.Settings)
		}
		instances = append(instances, instance)
	}
	return instances
}

// sessions reads the session blocks: one of each strategy, and the first is the
// default of a login.
func (d *decoder) sessions(s *File, blocks []*hcl.Block) {
	seen := map[string]*hcl.Block{}
	for _, b := range blocks {
		strategy := b.Labels[0]
		if first := seen[strategy]; first != nil {
			d.rejectDuplicates([]*hcl.Block{first, b})
			continue
		}
		seen[strategy] = b
		if d.session(s, b) {
			s.DefaultSession = cmp.Or(s.DefaultSession, strategy)
		}
	}
}

// session reads a session block. It returns false for one of an unknown strategy.
func (d *decoder) session(s *File, b *hcl.Block) bool {
	at := Path{Block: BlockSession, Label: b.Labels[0]}
	d.enter(at, b)
	switch at.Label {
	case config.StrategyOwn:
		own := config.OwnSession{}.WithDefaults()
		d.decode(at, b.Body, &own)
		s.Own = &own
	case config.StrategyProviderToken:
		token := config.ProviderTokenSession{}.WithDefaults()
		d.decode(at, b.Body, &token)
		s.ProviderToken = &token
	default:
		strategies := []string{config.StrategyOwn, config.StrategyProviderToken}
		d.unknown(Path{Block: BlockSession}, b, unknownLabel(b.Type, b.Labels[0], strategies, nil))
		return false
	}
	return true
}

// database reads the database block. A block of an unknown type becomes an
// instance without a type.
func (d *decoder) database(known map[string]database.Type, blocks []*hcl.Block) *database.Instance {
	b := d.only(blocks)
	switch {
	case b == nil && d.failed[Path{Block: BlockDatabase}]:
		return &database.Instance{}
	case b == nil:
		return nil
	}
	at := Path{Block: BlockDatabase, Label: b.Labels[0]}
	d.enter(at, b)
	t, ok := pick(d, Path{Block: BlockDatabase}, b, known)
	if !ok {
		return &database.Instance{}
	}
	instance := &database.Instance{Type: t, Settings: t.NewSettings()}
	d.decode(at, b.Body, instance.Settings)
	return instance
}

// pick returns the type of a block's first label. Without one it reports that at
// the path.
func pick[T any](d *decoder, at Path, b *hcl.Block, known map[string]T) (T, bool) {
	t, ok := known[b.Labels[0]]
	if !ok {
		d.unknown(at, b, unknownType(b.Type, b.Labels[0], slices.Sorted(maps.Keys(known))))
	}
	return t, ok
}

func (d *decoder) unknown(at Path, b *hcl.Block, detail string) {
	d.report(at, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  fmt.Sprintf("Unknown %s type", b.Type),
		Detail:   detail,
		Subject:  &b.LabelRanges[0],
	})
}

// unknownLabel returns what to do about a label that is not known. Names that
// exist elsewhere are suggested, but not listed.
func unknownLabel(block, label string, known, elsewhere []string) string {
	detail := fmt.Sprintf("There is no %s %q.", block, label)
	if meant, ok := nearest(label, slices.Concat(known, elsewhere)); ok {
		return detail + fmt.Sprintf(" Did you mean %q?", meant)
	}
	if len(known) > 0 {
		return detail + fmt.Sprintf(" Known are: %s.", strings.Join(known, ", "))
	}
	return detail + fmt.Sprintf(" This program has no type of %s: add one to core.WithTypes.", block)
}
