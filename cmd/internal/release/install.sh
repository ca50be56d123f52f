#!/bin/sh
# Installs depfetch and deplock {{.Version}}: downloads the archive for this machine, and
# puts its programs in place only if the archive is what this script says, byte for byte.
#
#	sh install.sh [--to DIRECTORY] [--from URL]
set -eu

from='{{.URL}}'
to=

fail() {
	printf 'install.sh: error: %s\n' "$1" >&2
	[ -z "${2-}" ] || printf 'install.sh: hint: %s\n' "$2" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--to | --from)
		[ $# -ge 2 ] || fail "$1 needs a value"
		if [ "$1" = --to ]; then to=$2; else from=$2; fi
		shift
		;;
	-h | --help)
		echo 'usage: sh install.sh [--to DIRECTORY] [--from URL]'
		echo '  --to    where the programs go (default /usr/local/bin for root, else ~/.local/bin)'
		echo "  --from  the address of the folder that holds the archives${from:+ (default $from)}"
		exit
		;;
	*) fail "unknown argument $1" 'sh install.sh --help lists the options' ;;
	esac
	shift
done
from=${from%/}
# As logs may have it: without a login.
rest=${from#*://}
host=${rest%%/*}
shown=${from%"$rest"}${host##*@}${rest#"$host"}
[ -n "$from" ] || fail 'where the release is was not known when this script was made' 'give its address: --from URL'
if [ -z "$to" ]; then
	if [ "$(id -u)" = 0 ]; then to=/usr/local/bin; else to=${HOME:?is not set: give --to}/.local/bin; fi
fi

case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
*) os=$(uname -s) ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
armv7* | armv8l) arch=armv7 ;;
i?86) arch=386 ;;
*) arch=$(uname -m) ;;
esac
# A kernel of 64 bits may have programs of 32.
if [ "$os" = linux ] && [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
	case $arch in amd64) arch=386 ;; arm64) arch=armv7 ;; esac
fi
case $os-$arch in
{{- range .Archives}}
{{.OS}}-{{.Arch}}) file={{.File}} want={{.SHA256}} ;;
{{- end}}
*) fail "there is no archive for $os-$arch" 'build it from its source: make build' ;;
esac

if command -v sha256sum >/dev/null 2>&1; then
	sum() { sha256sum <"$1"; }
elif command -v shasum >/dev/null 2>&1; then
	sum() { shasum -a 256 <"$1"; }
else
	fail 'neither sha256sum nor shasum is here, so nothing can be verified'
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$to/.depfetch.$$" "$to/.deplock.$$"' EXIT
trap 'exit 1' HUP INT TERM
echo "downloading $shown/$file"
if command -v curl >/dev/null 2>&1; then
	curl -fsSL --retry 3 -o "$tmp/$file" "$from/$file" || fail "could not download $shown/$file"
elif command -v wget >/dev/null 2>&1; then
	wget -q -O "$tmp/$file" "$from/$file" || fail "could not download $shown/$file"
else
	fail 'neither curl nor wget is here'
fi
got=$(sum "$tmp/$file")
got=${got%% *}
[ "$got" = "$want" ] || fail "$file: wrong bytes, nothing has been installed
  want  sha256 $want
  got   sha256 $got"

tar -xzf "$tmp/$file" -C "$tmp"
mkdir -p "$to"
for name in depfetch deplock; do
	[ ! -d "$to/$name" ] || fail "$to/$name is a directory, nothing has been installed" 'remove it, or give another folder: --to DIRECTORY'
done
for name in depfetch deplock; do
	# Beside its place first, so that a program that runs is replaced whole, and both are or
	# neither is.
	cp "$tmp/${file%.tar.gz}/$name" "$to/.$name.$$"
	chmod 755 "$to/.$name.$$"
done
for name in depfetch deplock; do
	mv -f "$to/.$name.$$" "$to/$name"
	echo "installed $to/$name"
done
case :$PATH: in
*:"$to":*) ;;
*) echo "add $to to PATH to find them" ;;
esac
