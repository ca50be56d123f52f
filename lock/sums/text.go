package sums

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"unicode/utf16"
)

// plainText returns the text of a list in UTF-8. Its error is a *NotAListError.
func plainText(data []byte) (string, error) {
	text := decode(data)
	trimmed := strings.TrimSpace(text)
	start := strings.ToLower(trimmed[:min(len(trimmed), 1024)])
	switch {
	case trimmed == "":
		return "", &NotAListError{Reason: "is empty"}
	case strings.HasPrefix(start, "<") && (strings.Contains(start, "<html") || strings.Contains(start, "<!doctype html")):
		return "", &NotAListError{Reason: "is an HTML page"}
	case strings.HasPrefix(start, "<?xml"):
		return "", &NotAListError{Reason: "is an XML document"}
	case strings.ContainsRune(text, 0):
		return "", &NotAListError{Reason: "is binary data"}
	case strings.HasPrefix(start, "{") && json.Valid([]byte(trimmed)):
		return "", &NotAListError{Reason: "is a JSON document; name the digest in it with a JSON pointer, as in …#/sha256"}
	}
	return signedText(text)
}

// decode returns data in UTF-8. Without a byte order mark, data is returned as it is:
// other encodings have the same bytes for digests and most names.
func decode(data []byte) string {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return string(rest)
	}
	if rest, ok := bytes.CutPrefix(data, []byte("\xff\xfe")); ok {
		return decodeUTF16(rest, binary.LittleEndian)
	}
	if rest, ok := bytes.CutPrefix(data, []byte("\xfe\xff")); ok {
		return decodeUTF16(rest, binary.BigEndian)
	}
	return string(data)
}

func decodeUTF16(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}

// Armor headers of OpenPGP (RFC 9580, section 6.2).
const (
	beginSigned    = "-----BEGIN PGP SIGNED MESSAGE-----"
	beginSignature = "-----BEGIN PGP SIGNATURE-----"
	beginArmor     = "-----BEGIN PGP "
)

// signedText returns the text of a clearsigned message without what is around it, which
// is not signed, or the whole text if there is no such message.
func signedText(text string) (string, error) {
	var (
		b              strings.Builder
		found          int
		header, within bool
	)
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimRight(line, " \t\r")
		switch {
		case bare == beginSigned:
			found++
			header, within = true, true
		case !within:
			if found == 0 && strings.HasPrefix(bare, beginArmor) {
				return "", &NotAListError{Reason: "is an OpenPGP block that holds no text"}
			}
		case header:
			header = bare != ""
		case bare == beginSignature:
			within = false
		default:
			b.WriteString(strings.TrimPrefix(line, "- "))
			b.WriteByte('\n')
		}
	}
	switch {
	case found == 0:
		return text, nil
	case found > 1 || within:
		return "", &NotAListError{Reason: "is not one whole signed message"}
	}
	return b.String(), nil
}
