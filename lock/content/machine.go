package content

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"depfetch/lock"
)

// Machine is what a program runs on, in Docker's names. Fields that its header does not
// give are empty.
type Machine struct {
	Format string // "ELF", "Mach-O" or "PE"
	OS     string
	Arch   string
}

func (m Machine) String() string {
	switch {
	case m.OS == "" && m.Arch == "":
		return m.Format
	case m.OS == "":
		return fmt.Sprintf("%s (%s)", m.Arch, m.Format)
	case m.Arch == "":
		return fmt.Sprintf("%s (%s)", m.OS, m.Format)
	}
	return fmt.Sprintf("%s/%s (%s)", m.OS, m.Arch, m.Format)
}

// Join returns the names of machines, separated by commas.
func Join(all []Machine) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.String()
	}
	return strings.Join(names, ", ")
}

// Machines returns the machines that a program which begins with head runs on. There are
// several for a universal binary, and none if it is not a program or runs anywhere. A
// gzip file counts as its content.
func Machines(head []byte) []Machine {
	head = uncompressed(head)
	for _, read := range []func([]byte) []Machine{elfMachine, machoMachines, peMachine} {
		if m := read(head); m != nil {
			return m
		}
	}
	return nil
}

// elfArch are the machines of ELF (e_machine), in Docker's names, without those that
// class and byte order distinguish.
var elfArch = map[uint16]string{
	2: "sparc", 3: "386", 4: "m68k", 20: "ppc", 40: "arm", 42: "sh", 50: "ia64", 62: "amd64", 43: "sparc64",
	15: "hppa", 183: "arm64", 0x9026: "alpha", 252: "csky", 164: "hexagon", 92: "or1k", 94: "xtensa", 93: "arc", 195: "arc", 189: "microblaze",
}

// elfOS are the systems of ELF (EI_OSABI). Most files do not name one.
var elfOS = map[byte]string{2: "netbsd", 3: "linux", 6: "solaris", 7: "aix", 8: "irix", 9: "freebsd", 12: "openbsd", 17: "cloudabi"}

func elfMachine(b []byte) []Machine {
	if len(b) < 20 || string(b[:4]) != "\x7fELF" {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	big := b[5] == 2
	if big {
		order = binary.BigEndian
	}
	wide := b[4] == 2
	kind, machine := order.Uint16(b[16:]), order.Uint16(b[18:])
	if kind != 2 && kind != 3 || machine == 247 {
		return nil // an object, a core, or code for eBPF
	}
	m := Machine{Format: "ELF", OS: elfOS[b[7]], Arch: elfArch[machine]}
	little := func(name string) string {
		if big {
			return name
		}
		return name + "le"
	}
	switch {
	case machine == 62 && !wide:
		m.Arch = "amd64p32" // the x32 ABI
	case machine == 183 && !wide:
		m.Arch = "arm64p32"
	case machine == 183 && big:
		m.Arch = "arm64be"
	case machine == 40 && big:
		m.Arch = "armbe"
	case machine == 21:
		m.Arch = little("ppc64")
	case machine == 22 && wide:
		m.Arch = "s390x"
	case machine == 22:
		m.Arch = "s390"
	case machine == 243 && wide:
		m.Arch = "riscv64"
	case machine == 243:
		m.Arch = "riscv"
	case machine == 258 && wide:
		m.Arch = "loong64"
	case machine == 258:
		m.Arch = "loong"
	case machine == 8 && wide:
		m.Arch = little("mips64")
	case machine == 8 && len(b) >= 40 && order.Uint32(b[36:])&0x20 != 0:
		m.Arch = little("mips64p32") // the n32 ABI
	case machine == 8:
		m.Arch = little("mips")
	}
	return []Machine{m}
}

// machoArch are the machines of Mach-O (cputype), in Docker's names.
var machoArch = map[uint32]string{7: "386", 12: "arm", 18: "ppc", 0x01000007: "amd64", 0x0100000c: "arm64", 0x0200000c: "arm64p32", 0x01000012: "ppc64"}

func machoMachines(b []byte) []Machine {
	if len(b) < 16 {
		return nil
	}
	one := func(cpu uint32) Machine { return Machine{"Mach-O", "darwin", machoArch[cpu]} }
	// object, executable, shared library, bundle
	wanted := func(kind uint32) bool { return kind == 2 || kind == 6 || kind == 8 }
	be, le := binary.BigEndian, binary.LittleEndian
	switch be.Uint32(b) {
	case 0xfeedface, 0xfeedfacf:
		if wanted(be.Uint32(b[12:])) {
			return []Machine{one(be.Uint32(b[4:]))}
		}
	case 0xcefaedfe, 0xcffaedfe:
		if wanted(le.Uint32(b[12:])) {
			return []Machine{one(le.Uint32(b[4:]))}
		}
	case 0xcafebabe, 0xcafebabf:
		// Java classes begin like this too, with a version of 45 or more.
		n, size := be.Uint32(b[4:]), 20
		if be.Uint32(b) == 0xcafebabf {
			size = 32
		}
		if n == 0 || n >= 43 {
			return nil
		}
		var all []Machine
		for i := 0; i < int(n) && 8+i*size+4 <= len(b); i++ {
			all = append(all, one(be.Uint32(b[8+i*size:])))
		}
		return all
	}
	return nil
}

// peArch are the machines of PE, in Docker's names.
var peArch = map[uint16]string{0x14c: "386", 0x8664: "amd64", 0xaa64: "arm64", 0x1c0: "arm", 0x1c2: "arm", 0x1c4: "arm", 0x200: "ia64", 0x5064: "riscv64"}

func peMachine(b []byte) []Machine {
	if len(b) < 64 || b[0] != 'M' || b[1] != 'Z' {
		return nil
	}
	le := binary.LittleEndian
	at := int64(le.Uint32(b[60:]))
	if at < 64 {
		return nil
	}
	if at+24 > int64(len(b)) {
		return []Machine{{"PE", "windows", ""}}
	}
	header := b[at:]
	if string(header[:4]) != "PE\x00\x00" {
		return nil
	}
	// In the optional header: the machine of managed code means nothing, and firmware
	// is for no system.
	if optional := header[24:]; len(optional) >= 70 {
		directory := map[uint16]int{0x10b: 96, 0x20b: 112}[le.Uint16(optional)] + 14*8
		if subsystem := le.Uint16(optional[68:]); subsystem >= 10 && subsystem <= 13 {
			return nil
		}
		if directory > 14*8 && len(optional) >= directory+4 && le.Uint32(optional[directory:]) != 0 {
			return nil
		}
	}
	return []Machine{{"PE", "windows", peArch[le.Uint16(header[4:])]}}
}

// Fits reports whether a program for one of the machines may run on p. Windows also runs
// programs for 386.
func Fits(machines []Machine, p lock.Platform) bool {
	os, rest, _ := strings.Cut(p.String(), "/")
	arch, _, _ := strings.Cut(rest, "/")
	return len(machines) == 0 || slices.ContainsFunc(machines, func(m Machine) bool { return m.fits(os, arch) })
}

func (m Machine) fits(os, arch string) bool {
	if m.OS != "" && !sameSystem(m.OS, os) || m.Format == "ELF" && slices.Contains([]string{"windows", "darwin", "ios"}, os) {
		return false
	}
	return m.Arch == "" || m.Arch == arch || m.Format == "PE" && m.Arch == "386" && (arch == "amd64" || arch == "arm64")
}

// sameSystem reports whether programs that are built for one system run on another.
func sameSystem(built, os string) bool {
	switch built {
	case "linux":
		return os == "linux" || os == "android"
	case "solaris":
		return os == "solaris" || os == "illumos"
	case "freebsd":
		return os == "freebsd" || os == "dragonfly"
	case "darwin":
		return os == "darwin" || os == "ios"
	}
	return built == os
}
