package source

import (
	"maps"
	"net/http"
)

// Override returns the fields of h, with those given in the place of what h has by
// the same names for the origin of an address. The errors are those of Add.
func (h *Headers) Override(address string, fields map[string]string) (*Headers, error) {
	origin, err := ParseOrigin(address)
	if err != nil {
		return nil, err
	}
	out := &Headers{}
	for field, value := range fields {
		if err := out.add(origin, field, value); err != nil {
			return nil, err
		}
	}
	if h == nil {
		return out, nil
	}
	for key, old := range h.byOrigin {
		merged := maps.Clone(old)
		maps.Copy(merged, out.byOrigin[key])
		if out.byOrigin == nil {
			out.byOrigin = make(map[Origin]http.Header)
		}
		out.byOrigin[key] = merged
	}
	return out, nil
}
