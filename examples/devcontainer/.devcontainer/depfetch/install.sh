#!/bin/sh
# Installs depfetch and deplock into a dev container, as root: from a release, whose
# install.sh must have the sha256 that is given, or the programs that lie beside this script.
# Nothing is run or put in place before it has been verified.
set -eu

# The options of devcontainer-feature.json.
release=${RELEASE-}
sha256=${SHA256-}
to=/usr/local/bin

fail() {
	printf 'depfetch feature: error: %s\n' "$1" >&2
	[ -z "${2-}" ] || printf 'depfetch feature: hint: %s\n' "$2" >&2
	exit 1
}

is_sha256() {
	case $1 in *[!0-9a-f]*) return 1 ;; esac
	[ ${#1} = 64 ]
}

cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || fail "user $(id -u) cannot write $to" 'features are installed as root'
case "${release:+release} ${sha256:+sha256}" in
'release sha256')
	[ ! -e depfetch ] || fail 'release is given, and depfetch lies beside install.sh, too' 'remove depfetch and deplock there, or the options'
	is_sha256 "$sha256" || fail "sha256 is \"$sha256\"" 'want 64 digits and letters from a to f: the line of install.sh in SHA256SUMS of the release'
	;;
'release ') fail 'release is given without sha256' 'give that of install.sh: SHA256SUMS of the release has it' ;;
' sha256') fail 'sha256 is given without release' 'give the address of the folder that holds the release' ;;
*)
	for name in depfetch deplock; do
		[ -e $name ] || fail "there is nothing to install: no release is given, and no $name lies beside install.sh" \
			'give release and sha256, or copy what make build has made into the folder of the feature'
	done
	;;
esac

tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$to/.depfetch.$$" "$to/.deplock.$$"' EXIT
trap 'exit 1' HUP INT TERM

# from_release runs the script of a release, which downloads and verifies the archive.
from_release() {
	from=${release%/}
	# As logs may have it: without a login.
	rest=${from#*://}
	host=${rest%%/*}
	shown=${from%"$rest"}${host##*@}${rest#"$host"}/install.sh
	command -v sha256sum >/dev/null 2>&1 || fail 'sha256sum is not here, so nothing can be verified' 'the image needs coreutils or busybox'
	if command -v curl >/dev/null 2>&1; then
		set -- curl -fsSL --retry 3 -o
	elif command -v wget >/dev/null 2>&1; then
		set -- wget -q -O
	else
		fail 'neither curl nor wget is here' 'put one, and ca-certificates, into the image, or lay the programs beside install.sh'
	fi
	"$@" "$tmp/install.sh" "$from/install.sh" ||
		fail "could not download $shown" 'over https the image needs ca-certificates, too'
	got=$(sha256sum <"$tmp/install.sh")
	got=${got%% *}
	[ "$got" = "$sha256" ] || fail "$shown: wrong bytes, nothing has been run or installed
  want  sha256 $sha256
  got   sha256 $got"
	sh "$tmp/install.sh" --from "$from" --to "$to"
}

# from_folder copies the programs beside this script, if they run here.
from_folder() {
	mkdir -p "$to"
	for name in depfetch deplock; do
		[ ! -d "$to/$name" ] || fail "$to/$name is a directory, nothing has been installed" 'remove it'
		cp "$name" "$to/.$name.$$"
		chmod 755 "$to/.$name.$$"
		"$to/.$name.$$" --version >/dev/null 2>&1 ||
			fail "$name beside install.sh does not run on $(uname -s) $(uname -m)" 'make build makes it for the machine it runs on; GOOS=linux GOARCH=arm64 make build for another'
	done
	for name in depfetch deplock; do
		mv -f "$to/.$name.$$" "$to/$name"
		echo "installed $to/$name"
	done
}

if [ -n "$release" ]; then from_release; else from_folder; fi

# completion puts the completions of deplock where a shell looks for them, if that is here.
completion() {
	command -v "$1" >/dev/null 2>&1 || return 0
	mkdir -p "$2"
	"$to/deplock" completion "$1" >"$2/$3"
}
completion bash /usr/share/bash-completion/completions deplock
completion fish /usr/share/fish/vendor_completions.d deplock.fish
if [ -d /usr/share/zsh/vendor-completions ]; then
	completion zsh /usr/share/zsh/vendor-completions _deplock
else
	completion zsh /usr/share/zsh/site-functions _deplock
fi
