package catalogue

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// placeholder is the first of the private characters that stand for the words of a text
// while a pattern is read.
const placeholder = '\uE000'

// exactly returns the one text that a pattern matches; nil if it matches several. What
// stands for the version is taken literally.
func exactly(pattern text) text {
	var b strings.Builder
	var words []part
	for _, p := range pattern {
		if p.isLiteral() {
			b.WriteString(p.s)
			continue
		}
		b.WriteRune(placeholder + rune(len(words)))
		words = append(words, p)
	}
	re, err := syntax.Parse(b.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	re = re.Simplify()
	if re.Op != syntax.OpConcat || len(re.Sub) < 3 || re.Sub[0].Op != syntax.OpBeginText || re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return nil
	}
	var exact text
	var run strings.Builder
	flush := func() {
		exact = append(exact, literal(run.String())...)
		run.Reset()
	}
	for _, sub := range re.Sub[1 : len(re.Sub)-1] {
		if sub.Op != syntax.OpLiteral || sub.Flags&syntax.FoldCase != 0 {
			return nil
		}
		for _, c := range sub.Rune {
			if i := int(c - placeholder); 0 <= i && i < len(words) {
				flush()
				exact = append(exact, words[i])
				continue
			}
			run.WriteRune(c)
		}
	}
	flush()
	return exact
}

// signatures sets the signatures of m. They must be the same in kind and key for every
// platform, since a signature that is left out for one would be believed for it.
func (m *Mapping) signatures(w Want, all []*rendering, a *aliases) []func() {
	first := all[0]
	for _, why := range first.unsigned {
		m.Remarks = append(m.Remarks, "the registry says that upstream signs it, which is left out: "+why)
	}
	if slices.ContainsFunc(all, func(r *rendering) bool { return len(r.signatures) != len(first.signatures) }) {
		return m.unlike()
	}
	var settle []func()
	for i, s := range first.signatures {
		var columnsOf [5][]column
		for k, of := range signatureTexts() {
			texts := make([]text, len(all))
			for j, r := range all {
				if !r.signatures[i].like(s) {
					return m.unlike()
				}
				texts[j] = of(&r.signatures[i])
			}
			if of(&s) == nil {
				continue
			}
			c, ok := columns(w.Platforms, texts)
			if !ok {
				return m.unlike()
			}
			a.add(c)
			columnsOf[k] = c
		}
		settle = append(settle, func() {
			if s.ofSums && m.Dep.Sums == "" {
				return
			}
			var written [5]string
			for k, c := range columnsOf {
				written[k] = a.template(c)
			}
			for k, t := range written[:2] { // the identity has no {url}
				if rest, ok := strings.CutPrefix(t, m.Dep.URL); ok && t != "" {
					written[k] = "{url}" + rest
				}
			}
			table := s.table(written)
			if s.settled() {
				m.Dep.Signature = append(m.Dep.Signature, table)
				return
			}
			u := update.Unsettled{Table: table, KeyURL: s.keyURL.String(), URL: s.url.String()}
			if s.cert != nil {
				u.URL = s.cert.String()
			}
			if s.pattern != "" {
				u.Pattern = regexp.MustCompile(s.pattern)
			}
			m.Unsettled = append(m.Unsettled, u)
		})
	}
	return settle
}

// unlike notes that signatures are left out.
func (m *Mapping) unlike() []func() {
	m.Remarks = append(m.Remarks, "upstream signs it, which is left out: it is not the same for every platform")
	return nil
}

// signatureTexts are what of a signature differs between platforms and versions, in the
// order of the parameter of table.
func signatureTexts() []func(*renderedSignature) text {
	return []func(*renderedSignature) text{
		func(s *renderedSignature) text { return s.url }, func(s *renderedSignature) text { return s.cert },
		func(s *renderedSignature) text { return s.identity }, func(s *renderedSignature) text { return s.ref },
		func(s *renderedSignature) text { return s.keyURL },
	}
}

// like reports whether two signatures are the same but for their texts.
func (s renderedSignature) like(o renderedSignature) bool {
	for _, of := range signatureTexts() {
		if (of(&s) == nil) != (of(&o) == nil) {
			return false
		}
	}
	return s.kind == o.kind && s.ofSums == o.ofSums && s.bundle == o.bundle && s.pattern == o.pattern && slices.Equal(s.fixed, o.fixed)
}

// table returns what the lockfile says of s, whose texts are written as templates.
func (s renderedSignature) table(written [5]string) []edit.Entry {
	var table []edit.Entry
	add := func(key string, value any) {
		if value != "" {
			table = append(table, edit.Entry{Key: key, Value: value})
		}
	}
	switch {
	case s.kind == "github":
		table = append(table, s.fixed...)
		add("ref", written[3])
		add("attestation", written[0])
	case s.kind == "cosign" && s.bundle:
		add("cosign", []edit.Entry{{Key: "bundle", Value: written[0]}})
	case s.kind == "cosign" && s.cert != nil:
		add("cosign", []edit.Entry{{Key: "sig", Value: written[0]}, {Key: "cert", Value: written[1]}})
	case s.kind == "cosign":
		add("cosign", []edit.Entry{{Key: "sig", Value: written[0]}})
	default:
		add(s.kind, written[0])
	}
	if s.kind != "github" {
		add("identity", written[2])
		table = append(table, s.fixed...)
	}
	if s.ofSums {
		add("of", "sums")
	}
	return table
}
