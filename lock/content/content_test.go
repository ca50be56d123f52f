package content

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"

	"depfetch/lock"
)

// elf returns the header of an ELF.
func elf(class, data, abi byte, kind, machine uint16) string {
	b := make([]byte, 64)
	copy(b, "\x7fELF")
	b[4], b[5], b[6], b[7] = class, data, 1, abi
	var order binary.ByteOrder = binary.LittleEndian
	if data == 2 {
		order = binary.BigEndian
	}
	order.PutUint16(b[16:], kind)
	order.PutUint16(b[18:], machine)
	return string(b)
}

// macho returns the header of a thin Mach-O of 64 bits.
func macho(cpu uint32) string {
	b := binary.LittleEndian.AppendUint32(nil, 0xfeedfacf)
	b = binary.LittleEndian.AppendUint32(b, cpu)
	return string(append(b, 0, 0, 0, 0, 2, 0, 0, 0))
}

// fat returns the header of a universal Mach-O, or of a class of Java.
func fat(n uint32, cpus ...uint32) string {
	b := binary.BigEndian.AppendUint32([]byte("\xca\xfe\xba\xbe"), n)
	for _, cpu := range cpus {
		b = append(binary.BigEndian.AppendUint32(b, cpu), make([]byte, 16)...)
	}
	return string(append(b, make([]byte, 16)...))
}

// pe returns the headers of a PE; managed is whether it is of .NET.
func pe(machine, subsystem uint16, managed bool) string {
	b := make([]byte, 512)
	copy(b, "MZ")
	b[60] = 0x80
	copy(b[0x80:], "PE\x00\x00")
	le := binary.LittleEndian
	le.PutUint16(b[0x84:], machine)
	le.PutUint16(b[0x98:], 0x10b)
	le.PutUint16(b[0x98+68:], subsystem)
	if managed {
		le.PutUint32(b[0x98+96+14*8:], 0x2000)
	}
	return string(b)
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s + strings.Repeat("\x00", 100_000)))
	z.Close()
	return b.String()[:100] // as where only the beginning is known
}

func TestMachines(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		want       string
		fits, not  []lock.Platform
	}{
		{"a static ELF", elf(2, 1, 0, 2, 62), "amd64 (ELF)", []lock.Platform{"linux/amd64", "freebsd/amd64", "linux/amd64/v3"},
			[]lock.Platform{"linux/arm64", "linux/386", "darwin/amd64", "windows/amd64"}},
		{"of Linux", elf(2, 1, 3, 3, 183), "linux/arm64 (ELF)", []lock.Platform{"linux/arm64", "android/arm64"}, []lock.Platform{"freebsd/arm64", "linux/arm/v7"}},
		{"of FreeBSD", elf(2, 1, 9, 2, 62), "freebsd/amd64 (ELF)", []lock.Platform{"freebsd/amd64"}, []lock.Platform{"linux/amd64"}},
		{"of 32 bits", elf(1, 1, 0, 2, 3), "386 (ELF)", []lock.Platform{"linux/386"}, []lock.Platform{"linux/amd64"}},
		{"x32", elf(1, 1, 0, 2, 62), "amd64p32 (ELF)", nil, []lock.Platform{"linux/amd64", "linux/386"}},
		{"arm", elf(1, 1, 0, 2, 40), "arm (ELF)", []lock.Platform{"linux/arm/v6", "linux/arm/v7"}, []lock.Platform{"linux/arm64"}},
		{"ppc64le", elf(2, 1, 0, 2, 21), "ppc64le (ELF)", []lock.Platform{"linux/ppc64le"}, []lock.Platform{"linux/ppc64"}},
		{"ppc64", elf(2, 2, 0, 2, 21), "ppc64 (ELF)", []lock.Platform{"linux/ppc64"}, []lock.Platform{"linux/ppc64le"}},
		{"s390x", elf(2, 2, 0, 2, 22), "s390x (ELF)", []lock.Platform{"linux/s390x"}, []lock.Platform{"linux/amd64"}},
		{"riscv64", elf(2, 1, 0, 2, 243), "riscv64 (ELF)", []lock.Platform{"linux/riscv64"}, []lock.Platform{"linux/amd64"}},
		{"loong64", elf(2, 1, 0, 2, 258), "loong64 (ELF)", []lock.Platform{"linux/loong64"}, []lock.Platform{"linux/mips64le"}},
		{"mipsle", elf(1, 1, 0, 2, 8), "mipsle (ELF)", []lock.Platform{"linux/mipsle"}, []lock.Platform{"linux/mips"}},
		{"a machine that nobody has", elf(2, 1, 0, 2, 9999), "ELF", []lock.Platform{"linux/amd64"}, []lock.Platform{"windows/amd64"}},
		{"an object", elf(2, 1, 0, 1, 62), "", nil, nil},
		{"eBPF", elf(2, 1, 0, 2, 247), "", nil, nil},
		{"Mach-O", macho(0x0100000c), "darwin/arm64 (Mach-O)", []lock.Platform{"darwin/arm64"}, []lock.Platform{"darwin/amd64", "linux/arm64"}},
		{"universal", fat(2, 0x01000007, 0x0100000c), "darwin/amd64 (Mach-O), darwin/arm64 (Mach-O)", []lock.Platform{"darwin/arm64", "darwin/amd64"}, []lock.Platform{"linux/amd64"}},
		{"a class of Java", fat(52), "", nil, nil},
		{"PE", pe(0x8664, 3, false), "windows/amd64 (PE)", []lock.Platform{"windows/amd64"}, []lock.Platform{"windows/arm64", "linux/amd64"}},
		{"PE of 32 bits", pe(0x14c, 2, false), "windows/386 (PE)", []lock.Platform{"windows/amd64", "windows/386"}, []lock.Platform{"linux/386"}},
		{"managed", pe(0x14c, 3, true), "", nil, nil},
		{"firmware", pe(0x8664, 10, false), "", nil, nil},
		{"compressed", gzipped(elf(2, 1, 0, 2, 62)), "amd64 (ELF)", []lock.Platform{"linux/amd64"}, []lock.Platform{"linux/arm64"}},
		{"a script", "#!/bin/sh\n", "", nil, nil},
		{"nothing", "", "", nil, nil},
	} {
		m := Machines([]byte(tt.head))
		if got := Join(m); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		for _, p := range tt.fits {
			if !Fits(m, p) {
				t.Errorf("%s does not fit %s", tt.name, p)
			}
		}
		for _, p := range tt.not {
			if Fits(m, p) {
				t.Errorf("%s fits %s", tt.name, p)
			}
		}
	}
}

func TestSubstituteOf(t *testing.T) {
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 2\n"
	for head, want := range map[string]Substitute{
		"":                                  Empty,
		"\n":                                Empty,
		pointer:                             LFSPointer,
		`{"message":"Not Found"}`:           JSON,
		"\ufeff {\n \"a\": 1":               JSON,
		`[]`:                                JSON,
		"[{":                                JSON,
		"[ -f x ] && y":                     Text,
		"{ echo; }":                         Text,
		`<?xml version="1.0"?><Error>`:      XML,
		"<Error><Code>NoSuchKey</Code>":     XML,
		"<!DOCTYPE HTML>\n<title>":          HTML,
		"\n<!-- x --><html lang=\"en\">":    HTML,
		"<?php echo 1;":                     Text,
		"#!/bin/sh\n":                       Text,
		"404: Not Found":                    Text,
		"\x1f\x8b\x08\x00":                  None,
		"PK\x03\x04":                        None,
		"\xff\xfe":                          None,
		strings.Repeat("a", 511) + "\xc3":   Text, // cut within a character
		strings.Repeat("a", 511) + "\x00":   None,
		"\xc3\x28 Latin-1 or something\x01": None,
	} {
		if got := SubstituteOf([]byte(head), int64(len(head))); got != want {
			t.Errorf("%.40q: got %q, want %q", head, got, want)
		}
	}
	if got := SubstituteOf([]byte("\n\n"), 9999); got != Text {
		t.Errorf("the beginning of a longer file: %q", got)
	}
}

func TestByName(t *testing.T) {
	for name, want := range map[string]Named{
		"https://example.com/t-1.2.tar.gz":    NamedArchive,
		"https://example.com/t.TGZ/download":  NamedArchive,
		"https://example.com/t.exe":           NamedProgram,
		"https://example.com/libt.so.1.2":     NamedProgram,
		"https://example.com/tool-1.2":        NamedNothing,
		"https://example.com/install.sh":      NamedProgram,
		"https://example.com/":                NamedNothing,
		"https://example.com/a.zip/README.md": NamedNothing,
	} {
		if got := ByName(name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}

func TestInstead(t *testing.T) {
	for _, test := range []struct {
		address, text string
		want          Substitute
	}{
		{"https://example.com/t.tgz", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", LFSPointer}, {"https://example.com/t.tgz?x", "", Empty}, {"https://example.com/install.sh", `{"message": "no"}`, JSON},
		{"https://example.com/install.sh", "#!/bin/sh\n", None}, {"https://example.com/releases.json", `{"a": 1}`, None}, {"https://example.com/t.tgz", "\x1f\x8b\x08\x00", None},
	} {
		if got := Instead(test.address, []byte(test.text), int64(len(test.text))); got != test.want {
			t.Errorf("%s, %q: got %q, want %q", test.address, test.text, got, test.want)
		}
	}
}

// FuzzContent holds that no bytes make the package fail.
func FuzzContent(f *testing.F) {
	for _, head := range []string{elf(2, 1, 0, 2, 62), macho(7), fat(2, 7, 12), pe(0x14c, 3, true), gzipped("x"), "<?xml", "{", "[ 1"} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		Join(Machines(head))
		if SubstituteOf(head, int64(len(head))) == Empty && len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))) > 0 {
			t.Errorf("%q is empty", head)
		}
		IsRefusal(head)
	})
}
