package edit

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/BurntSushi/toml"
	strict "github.com/pelletier/go-toml/v2"

	"depfetch/lock"
)

// check proves the text that an edit has given: it is a valid lockfile, and
// decodes to exactly what the edit was to make of the text before. Its effects say
// which dependency the errors are about.
func (d *Document) check(before tree, effects []effect) error {
	file, err := lock.Parse(d.name, d.Bytes())
	if err != nil {
		return fmt.Errorf("the lockfile would not be valid: %w", err)
	}
	got, err := decode(d.tree.Text)
	if err != nil {
		return fmt.Errorf("the lockfile would not be valid: %w", err)
	}
	dep, at := "", 0
	if len(effects) > 0 && effects[0].path[0] == "deps" {
		dep = effects[0].path[1]
	}
	if p := before.Find("deps", dep, "url"); p != nil {
		at = p.Start
	}
	if !reflect.DeepEqual(settled(got), settled(d.root)) {
		return d.refusal(before, at, dep, "the result would not be what was asked for, and nothing else")
	}
	if !isStrict(d.tree.Text) && isStrict(before.Text) {
		return d.refusal(before, at, dep, "other readers would not take the result for TOML")
	}
	d.file, d.tree, d.root = file, tree{file.Syntax}, got
	return nil
}

// decode reads text as TOML.
func decode(text string) (map[string]any, error) {
	var root map[string]any
	if _, err := toml.Decode(text, &root); err != nil {
		return nil, err
	}
	if root == nil {
		return nil, errors.New("the file is empty")
	}
	return root, nil
}

// isStrict reports whether a second library takes text for TOML. The first is
// more lenient about tables that are defined twice.
func isStrict(text string) bool {
	var root map[string]any
	return strict.Unmarshal([]byte(text), &root) == nil
}

// settled drops the tables of root that mean the same when they are empty as
// when they are absent, and returns root.
func settled(root map[string]any) map[string]any {
	deps, _ := root["deps"].(map[string]any)
	for _, dep := range deps {
		values, _ := dep.(map[string]any)
		if locked, ok := values["locked"].(map[string]any); ok && len(locked) == 0 {
			delete(values, "locked")
		}
	}
	for _, name := range []string{"deps", "urls", "vendor", "catalogue"} {
		if table, ok := root[name].(map[string]any); ok && len(table) == 0 {
			delete(root, name)
		}
	}
	return root
}
