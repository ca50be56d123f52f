#!/bin/sh
# deplock in a job of CI: puts it in place, verified, runs its commands, and pushes what they
# have changed.
#
#	sh deplock.sh install                       deplock and depfetch, into $DEPLOCK_BIN
#	sh deplock.sh run 'check' 'sync --check'    all of these, though one fails
#	sh deplock.sh push MESSAGE BRANCH [REMOTE]  what has changed, as one commit; nothing, if nothing has
#
#	DEPLOCK_RELEASE  the address of the folder with the files of a release
#	DEPLOCK_SHA256   the sha256 of its install.sh, which has in it those of all that it installs
#	DEPLOCK_SOURCE   without these two: a clone of depfetch, which is built; that takes Go
#	DEPLOCK_BIN      where the programs go (default ~/.deplock/bin)
#	DEPLOCK_SARIF    a file for what scan finds, in SARIF 2.1.0
#	DEPLOCK_GITLAB   the same as GitLab's Code Quality report
set -eu

bin=${DEPLOCK_BIN:-${HOME:?is not set: set DEPLOCK_BIN}/.deplock/bin}

fail() {
	printf 'deplock.sh: error: %s\n' "$1" >&2
	[ -z "${2-}" ] || printf 'deplock.sh: hint: %s\n' "$2" >&2
	exit 1
}

install() {
	if [ -n "${DEPLOCK_RELEASE-}" ]; then
		from_release
	elif [ -n "${DEPLOCK_SOURCE-}" ]; then
		command -v go >/dev/null 2>&1 || fail "depfetch is built from $DEPLOCK_SOURCE, and go is not here" 'set up Go first, or set DEPLOCK_RELEASE and DEPLOCK_SHA256'
		mkdir -p "$bin"
		CGO_ENABLED=0 go build -C "$DEPLOCK_SOURCE" -trimpath -buildvcs=false -ldflags '-s -w' -o "$bin/" ./cmd/depfetch ./cmd/deplock
	else
		fail 'where depfetch comes from is not known' 'set DEPLOCK_RELEASE and DEPLOCK_SHA256, or DEPLOCK_SOURCE'
	fi
	"$bin/deplock" --version
}

from_release() {
	from=${DEPLOCK_RELEASE%/}
	# As logs may have it: without a login.
	rest=${from#*://}
	host=${rest%%/*}
	shown=${from%"$rest"}${host##*@}${rest#"$host"}/install.sh
	[ -n "${DEPLOCK_SHA256-}" ] || fail 'DEPLOCK_SHA256 is not set, so nothing says which release this is' "give the sha256 of $shown that you have verified"
	is_sha256 "$DEPLOCK_SHA256" || fail "DEPLOCK_SHA256 is \"$DEPLOCK_SHA256\"" "want 64 digits and letters from a to f: what sha256sum says of $shown"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 1' HUP INT TERM
	if command -v curl >/dev/null 2>&1; then
		curl -fsSL --retry 3 -o "$tmp/install.sh" "$from/install.sh" || fail "could not download $shown"
	elif command -v wget >/dev/null 2>&1; then
		wget -q -O "$tmp/install.sh" "$from/install.sh" || fail "could not download $shown"
	else
		fail 'neither curl nor wget is here'
	fi
	if command -v sha256sum >/dev/null 2>&1; then
		got=$(sha256sum <"$tmp/install.sh")
	else
		got=$(shasum -a 256 <"$tmp/install.sh")
	fi
	got=${got%% *}
	[ "$got" = "$DEPLOCK_SHA256" ] || fail "install.sh: wrong bytes, nothing has been installed
  want  sha256 $DEPLOCK_SHA256
  got   sha256 $got"
	sh "$tmp/install.sh" --to "$bin" --from "$from"
}

is_sha256() {
	case $1 in *[!0-9a-f]*) return 1 ;; esac
	[ ${#1} = 64 ]
}

# run runs commands, a line each, without "deplock". Words end at blanks: there are no quotes.
run() {
	[ -x "$bin/deplock" ] || fail "there is no deplock in $bin" 'sh deplock.sh install puts it there; DEPLOCK_BIN names another folder'
	failed='' code=0 scanned=''
	set -f
	# Not what another job has left.
	for file in "${DEPLOCK_SARIF-}" "${DEPLOCK_GITLAB-}"; do
		[ ! -f "$file" ] || [ -h "$file" ] || rm -f "$file"
	done
	while read -r line; do
		# shellcheck disable=SC2086 # its words
		set -- $line
		[ "${1-}" != deplock ] || shift
		case ${1-} in '' | '#'*) continue ;; esac
		printf '\n$ deplock %s\n' "$*"
		this=0
		"$bin/deplock" "$@" </dev/null || this=$?
		if [ "$this" != 0 ]; then
			failed="$failed, deplock $* ($this)"
			[ "$code" != 0 ] || code=$this
		fi
		if [ "$1" = scan ] && [ "$this" -le 1 ] && [ -n "${DEPLOCK_SARIF-}${DEPLOCK_GITLAB-}" ]; then
			if [ -n "$scanned" ]; then
				printf 'deplock.sh: error: %s\ndeplock.sh: hint: %s\n' "what this scan has found is in no report, which is that of deplock $scanned" 'one scan takes several paths: scan PATH PATH' >&2
				failed="$failed, the report of deplock $* (1)"
				[ "$code" != 0 ] || code=1
				continue
			fi
			scanned=$*
			report sarif "${DEPLOCK_SARIF-}" "$@"
			report gitlab "${DEPLOCK_GITLAB-}" "$@"
		fi
	done <<-EOF
		$(printf '%s\n' "$@")
	EOF
	if [ -n "$failed" ]; then
		printf '\ndeplock.sh: error: not all went well; exit codes in brackets: %s\n' "${failed#, }" >&2
	fi
	return "$code"
}

# report writes what a command of scan has found to a file, if it has a name.
report() {
	format=$1 file=$2
	shift 2
	[ -n "$file" ] || return 0
	"$bin/deplock" "$@" --format "$format" >"$file" </dev/null || [ $? = 1 ] || fail "deplock $*: $file could not be written"
}

push() {
	[ $# -ge 2 ] || fail 'push wants a message and a branch'
	cd "$(git rev-parse --show-toplevel)"
	git add --update
	# What deplock may have begun: a lockfile, and manifests of unpacked trees. These are
	# names, where git add would take patterns.
	git ls-files -z --others --exclude-standard -- '*deps.lock.toml' '*.trees/*' | git update-index --add -z --stdin
	if git diff --cached --quiet; then
		echo 'nothing has changed'
		return
	fi
	git commit --quiet -m "$1"
	git push "${3:-origin}" "HEAD:refs/heads/$2"
}

case ${1-} in
install | run | push)
	"$@"
	;;
*) fail "unknown command ${1-}" 'install, run or push' ;;
esac
