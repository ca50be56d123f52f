package script

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// command evaluates one command: what it prints, what it does with downloads, files
// and variables, and how it ends.
type command func(*Machine, *call) status

// known lists the commands that are known, each with its names. All others are taken
// to succeed and to print something unknown.
func known() []struct {
	names string
	eval  command
} {
	return []struct {
		names string
		eval  command
	}{
		// Of the shell itself.
		{"true :", func(*Machine, *call) status { return succeeded }},
		{"false", func(*Machine, *call) status { return failed }},
		{"exit", evalExit},
		{"return", evalReturn},
		{"break continue", evalBreak},
		{"trap", evalTrap},
		{"set", evalSet},
		{"shopt", evalShopt},
		{"unset", evalUnset},
		{"shift", evalShift},
		{"read", evalRead},
		{"getopts", evalGetopts},
		{"mapfile readarray", evalMapfile},
		{"cd pushd", evalCd},
		{"popd", evalPopd},
		{"pwd", evalPwd},
		{"test", evalTest},
		{"[", evalBracket},
		{". source", evalDot},
		{"eval", evalEval},
		{"command", evalCommand},
		{"which type hash", evalWhich},
		{"alias", evalAlias},

		// What runs other commands.
		{"sh bash ash dash zsh ksh", evalShell},
		{"su", evalSu},
		{"runuser", evalRunuser},
		{"xargs", evalXargs},
		{allNames(wrappers), evalWrapper},
		{allNames(interpreters), evalInterpreter},
		{"python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14", evalInterpreter},

		// What the machine is.
		{"uname", evalUname},
		{"arch", evalArch},
		{"dpkg", evalDpkg},
		{"dpkg-architecture", evalDpkgArchitecture},
		{"rpm", evalRpm},
		{"getconf", evalGetconf},

		// Text.
		{"echo", evalEcho},
		{"printf", evalPrintf},
		{"cat", evalCat},
		{"tee", evalTee},
		{"basename", evalBasename},
		{"dirname", evalDirname},
		{"mktemp", evalMktemp},
		{"awk gawk mawk", textFilter(awk)},
		{"tr", textFilter(tr)},
		{"cut", textFilter(cut)},
		{"sed", textFilter(sed)},
		{"head", textFilter(head)},
		{"grep egrep fgrep", evalGrep},
		{"jq yq sort uniq tail wc rev column paste nl fold cmp diff xmllint htmlq sponge iconv", evalFilter},
		{"dos2unix fromdos", evalUnix},

		// Downloads and checks.
		{"curl", evalCurl},
		{"wget wget2", evalWget},
		{"aria2c axel", evalAria2c},
		{"depfetch", evalDepfetch},
		{allNames(sumPrograms), evalSums},
		{"openssl", evalOpenssl},
		{"gpg gpg1 gpg2 gpgv gpgv2 minisign cosign signify slsa-verifier rekor-cli sq gh ssh-keygen apk-verify", evalSignature},

		// Files.
		{"tar bsdtar gtar", evalTar},
		{"unzip", evalUnzip},
		{"gunzip zcat gzip xz xzcat unxz bzip2 bunzip2 bzcat zstd unzstd zstdcat pigz unpigz lz4 brotli", evalDecompress},
		{"7z 7za unsquashfs ar cpio dpkg-deb busybox-extras jar installer unrar rpm2cpio", evalUnpacker},
		{"mv cp", evalMove},
		{"install", evalInstall},
		{"ln", evalLink},
		{`chmod rm mkdir touch sync find du unlink sleep ldconfig date nproc whoami hostname locale-gen
			useradd groupadd adduser addgroup rmdir`, (*Machine).unknown},
		{"id getent ls stat printenv file ldd", evalAsked},

		// Packages and source code.
		{allNames(managers), evalPackages},
		{"dnf5 yum-config-manager", evalPackages},
		{"apt-mark", evalAptMark},
		{"apt-key", evalAptKey},
		{"rpmkeys", evalRpmkeys},
		{"add-apt-repository apt-add-repository", evalAddAptRepository},
		{allNames(languages), evalLanguage},
		{allNames(languageAliases), evalLanguage},
		{"git", evalGit},
		{"hg", evalHg},
		{"svn", evalSvn},
	}
}

// allNames returns the keys of a table.
func allNames[V any](table map[string]V) string {
	return strings.Join(slices.Collect(maps.Keys(table)), " ")
}

// Follows reports whether the evaluation knows what a command of that name does with the
// words that it is given. Of all others, it is not known whether they run them.
func Follows(name string) bool {
	_, other := interpreters[name]
	return !other && name != "find" && commands()[name] != nil
}

// commands is known by name, which no machine changes.
var commands = sync.OnceValue(func() map[string]command {
	all := make(map[string]command)
	for _, k := range known() {
		for _, name := range strings.Fields(k.names) {
			all[name] = k.eval
		}
	}
	return all
})
