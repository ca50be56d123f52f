// Package schema describes deps.lock.toml as a JSON schema (draft 7), for editors: they
// complete keys, show what a key means and underline what is wrong before a program runs.
//
// The keys of every table are those of package lock, so that the schema cannot know others
// than the parser. It accepts every valid lockfile. What a schema cannot say stays with
// deplock check: whether a template expands, whether a line is stale, what two
// dependencies do to one place, what policy forbids.
package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"depfetch/lock"
)

// object is a part of the schema.
type object = map[string]any

// JSON returns the schema. It is the same text each time.
func JSON() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(lockfile()); err != nil {
		panic(err) // it holds nothing that has no JSON
	}
	return b.Bytes()
}

// lockfile returns the schema of the whole file.
func lockfile() object {
	root := table("", "deps.lock.toml of depfetch, version 1: the files that a build downloads, each pinned by its sha256.", "version")
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "deps.lock.toml"
	root["definitions"] = object{
		"policy":    table("policy", "What the file demands of itself. Both programs enforce it."),
		"ignore":    table("ignore", "A vulnerability that deplock audit does not count until a day.", "id", "reason", "until"),
		"rule":      keyed(table("rule", "Who must have signed images: a key, or an identity.", "match")),
		"dep":       dep(),
		"unpack":    table("unpack", "Unpack the archive into the directory path."),
		"limits":    table("limits", "What an archive may cost before it is refused, for one that is larger than others."),
		"latest":    latest(),
		"line":      line(),
		"pin":       pin(),
		"vendor":    table("vendor", "A program of depfetch that stands in the repository.", "sha256"),
		"catalogue": either(table("catalogue", "A registry in aqua's format.", "sha256"), "url", "path"),
		"image":     table("image", "The digest behind the tag of an image.", "digest"),
		"cosign":    either(table("cosign", "Where the files of cosign are: bundle, or sig and cert, or sig beside a key."), "bundle", "sig"),
		"rule.github": table("rule.github", "Who must have signed images: by the provenance that GitHub Actions attests.",
			"match", "github", "workflow"),
		"signature": object{"oneOf": []object{
			signature("minisign", "key"), signature("gpg", "key"), signature("ssh", "key"),
			keyed(signature("sigstore")), keyed(signature("cosign")), signature("github", "workflow"),
		}},
	}
	return root
}

// table returns the schema of a table that package lock knows by that name.
func table(name, description string, required ...string) object {
	known := properties()[name]
	all := make(object)
	for _, key := range lock.Keys()[name] {
		all[key] = known[key]
	}
	o := object{"type": "object", "description": description, "properties": all, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// signature returns the schema of a signature of one kind.
func signature(kind string, required ...string) object {
	return table("signature."+kind, "What upstream signs, and whose signature it must be.", append([]string{kind}, required...)...)
}

// Conditions are written with if and not alone: taplo, which many editors complete TOML
// with, offers no keys of a table that oneOf describes, and does not end with allOf.

// either demands one key, or others in its place.
func either(o object, a string, b ...string) object {
	o["if"] = object{"required": []string{a}}
	o["then"] = object{"not": object{"anyOf": requiring(b)}}
	o["else"] = object{"required": b}
	return o
}

// requiring returns a schema for each of the keys, which demands it.
func requiring(keys []string) (all []object) {
	for _, key := range keys {
		all = append(all, object{"required": []string{key}})
	}
	return all
}

// keyed demands a key, or an identity with its issuer.
func keyed(o object) object { return either(o, "key", "identity", "issuer") }

// text returns a string that a pattern matches; any, if there is none.
func text(pattern, description string) object {
	o := object{"type": "string"}
	if pattern != "" {
		o["pattern"] = pattern
	}
	return with(o, description)
}

// with returns a schema with what an editor shows of a key.
func with(o object, description string) object {
	o = maps.Clone(o)
	if description != "" {
		o["description"] = description
	}
	return o
}

// boolean returns a boolean, with its default.
func boolean(standard bool, description string) object {
	return object{"type": "boolean", "default": standard, "description": description}
}

// number returns an integer of at least a minimum.
func number(minimum int, description string) object {
	return object{"type": "integer", "minimum": minimum, "description": description}
}

// list returns an array of items. Empty ones are faults where they would mean nothing.
func list(items object, nonEmpty bool, description string) object {
	o := object{"type": "array", "items": items, "description": description}
	if nonEmpty {
		o["minItems"] = 1
	}
	return o
}

// oneOrMore returns a table, or an array of such.
func oneOrMore(items object, description string) object {
	return object{"description": description, "oneOf": []object{items, {"type": "array", "minItems": 1, "items": items}}}
}

// named returns a table whose keys are names that match a pattern; those of known are
// offered.
func named(pattern string, value object, description string, known ...string) object {
	o := object{
		"type": "object", "description": description, "additionalProperties": false,
		"patternProperties": object{pattern: value},
	}
	if len(known) > 0 {
		offered := make(object)
		for _, key := range known {
			offered[key] = value
		}
		o["properties"] = offered
	}
	return o
}

func ref(name string) object { return object{"$ref": "#/definitions/" + name} }

// platforms are those that are offered; any that the pattern matches is accepted.
func platforms() []string {
	return []string{
		"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/386", "linux/ppc64le", "linux/s390x", "linux/riscv64",
		"darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64",
	}
}

const (
	platformPattern = `^[a-z0-9._-]+/[a-z0-9._-]+(/[a-z0-9._-]+)?$`
	namePattern     = `^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`
	addressPattern  = `^(https?://[^/?#@\s]+([/?][^#\s]*)?|file://(localhost)?/[^?#\s]*)$`
	templatePattern = `^(https?|file)://`
	besidePattern   = `^((https?|file)://|\{url[ |}])` // of what lies beside the file
	mirrorPattern   = `^(https?|file|oci)://`
	modePattern     = `^0?[0-7]{3}$`
	belowPattern    = `^[^/\\]`
)

// platform returns a platform.
func platform(description string) object {
	return with(object{"type": "string", "anyOf": []object{{"enum": platforms()}, {"pattern": platformPattern}}}, description)
}

// line returns a locked line.
func line() object {
	o := table("line", "The bytes of a dependency for a platform. deplock writes it.", "url", "sha256")
	o["if"], o["then"] = object{"required": []string{"by"}}, object{"properties": object{"trust": object{"const": "signed"}}, "required": []string{"trust"}}
	return o
}

// locked returns the table of locked lines.
func locked() object {
	o := named(platformPattern, ref("line"), "What deplock has locked, a line for each platform, or any for all of them.", append(platforms(), string(lock.Any))...)
	o["if"], o["then"] = object{"required": []string{"any"}}, object{"maxProperties": 1}
	return o
}

// latest returns where newer versions are found.
func latest() object {
	o := either(table("latest", "Where deplock outdated and deplock update --latest find out which versions there are."), "github", "url")
	o["dependencies"] = object{"regex": []string{"url"}, "url": []string{"regex"}, "tags": []string{"github"}, "min-age": []string{"github"}}
	return o
}

// dep returns a dependency.
func dep() object {
	o := table("dep", "A dependency: what a person wrote about it, and its locked lines.", "url")
	unpacked := object{"unpack": object{"not": object{"const": false}}}
	o["not"] = object{"anyOf": []object{
		{"required": []string{"unpack", "member"}, "properties": unpacked},
		{"required": []string{"unpack", "mode"}, "properties": unpacked},
		{"required": []string{"limits"}, "not": object{"anyOf": []object{
			{"required": []string{"member"}},
			{"required": []string{"unpack"}, "properties": unpacked},
		}}},
	}}
	return o
}

// pin returns a line of urls.
func pin() object {
	o := table("pin", "The bytes of an address, for every platform.")
	o["if"], o["then"], o["else"] = object{"required": []string{"unpinned"}}, object{"maxProperties": 1}, object{"required": []string{"sha256"}}
	return o
}

// Undescribed returns the keys of package lock that the schema says nothing of, and those
// that only the schema knows. There are none.
func Undescribed() (keys []string) {
	known := properties()
	for name, list := range lock.Keys() {
		for _, key := range list {
			if known[name][key] == nil {
				keys = append(keys, name+" "+key)
			}
		}
		for key := range known[name] {
			if !slices.Contains(list, key) {
				keys = append(keys, name+" "+key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
