#!/usr/bin/env bash
#
# Measures depfetch and deplock beside programs that do the same work, and prints
# Markdown: the tables of the README beside this, then every command line with its numbers.
# It reports and does not judge: a slow run passes; a run of depfetch or deplock
# that fails, or that does the wrong work, does not.
#
# hyperfine times each run. It runs one command to the end before the next and
# does not measure memory (1.15), so the rounds are made here: each program runs
# once a round, another one first each time, so that whatever else the machine
# does meets all alike. A first run, which is checked and not timed, gives the
# peak memory: the largest resident set of one process.
#
#   BENCH_ROUNDS=N      rounds of every group, in place of its own number
#   BENCH_SCALE=medium  less work than full, for a machine that has other work
#   BENCH_SCALE=small   little work, to see that the benchmarks run
#   BENCH_ONLY=REGEXP   only groups whose "table: work" matches
#   BENCH_BIN=DIR       measure the depfetch and deplock in DIR, and build none
#   BENCH_PORT=N        the first of six free ports (18400)
#   TOOLS=DIR           where buildctl, buildkitd and the programs from npm are
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
module=$(cd "$here/../../.." && pwd)
tools=${TOOLS:-$module/.tools}
port=${BENCH_PORT:-18400}
export PATH=$PATH:/usr/sbin:/usr/local/sbin

for program in curl hyperfine jq nginx openssl zstd /usr/bin/time; do
	if ! command -v "$program" >/dev/null; then
		echo "$program is missing; on Debian: apt-get install curl hyperfine jq nginx-light openssl time zstd" >&2
		echo "compared where they are: aria2 libarchive-tools unzip wget xz-utils zip" >&2
		exit 1
	fi
done

# In memory where there is room, so that no disk is measured.
scale=${BENCH_SCALE:-full}
case $scale in
full) room=$((10 << 20)) ;;
medium) room=$((3 << 20)) ;;
small) room=$((1 << 20)) ;;
*) echo "BENCH_SCALE=$scale is not full, medium or small" >&2 && exit 1 ;;
esac
place=/dev/shm
if [ "$(df --output=avail "$place" | tail -1)" -lt "$room" ] || [ "$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)" -lt "$room" ]; then
	place=${TMPDIR:-/tmp}
fi
work=$(mktemp -d "$place/bench-XXXXXX")
www=$work/www
disk=$(mktemp -d "${TMPDIR:-/tmp}/bench-XXXXXX")
out=$work/out # where programs put what they fetch; empty before each run
pids=()
end() {
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$work" "$disk"
}
trap end EXIT
trap 'exit 1' INT TERM
mkdir -p "$work"/{bin,home,log,nginx,placed} "$out"
chmod 755 "$work"

build() {
	cd "$module"
	export CGO_ENABLED=0
	go build -tags bench -o "$work/bin/faults" ./cmd/internal/bench
	if [ -n "${BENCH_BIN:-}" ]; then
		cp "$BENCH_BIN/depfetch" "$BENCH_BIN/deplock" "$work/bin/"
	else
		go build -trimpath -ldflags '-s -w' -o "$work/bin/" ./cmd/depfetch ./cmd/deplock
	fi
	goroot=$(go env GOROOT)
	mkdir -p "$work/scan"
	SCAN_KEEP=$work/scan go test -run '^$' -bench Scan -benchtime 1x ./lock/scan >/dev/null
	for peer in "$tools"/npm/node_modules/{@jdxcode/mise-linux-x64/bin/mise,fb-dotslash/bin/linux-musl.x86_64/dotslash} "$tools"/build{ctl,kitd}; do
		if [ -x "$peer" ]; then ln -s "$peer" "$work/bin/"; fi
	done
	cd "$work"
	export PATH=$work/bin:$PATH
}

# No rc files, proxies, caches or tokens of the user's.
clean_environment() {
	local name
	for name in $(compgen -e); do
		case $name in PATH | BENCH_*) ;; *) unset "$name" ;; esac
	done
	export HOME=$work/home LC_ALL=C BUILDKIT_HOST=unix://$work/buildkit.sock DOTSLASH_CACHE=$work/dotslash
	export MISE_DATA_DIR=$work/mise MISE_CACHE_DIR=$work/mise MISE_STATE_DIR=$work/mise MISE_TRUSTED_CONFIG_PATHS=$work
}

start_servers() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout nginx/key.pem -out nginx/cert.pem 2>/dev/null
	local user=
	if [ "$(id -u)" = 0 ]; then user='user root;'; fi # the worker reads a directory of root's
	sed -e "s|@USER@|$user|; s|@DIR@|$work/nginx|; s|@WWW@|$www|; s|@RATE@|$rate|" \
		-e "s|@HTTP@|$port|; s|@HTTPS@|$((port + 1))|; s|@H2@|$((port + 2))|; s|@SLOW@|$((port + 3))|; s|@FEW@|$((port + 4))|" \
		-e "s|@LINK@|$((port + 5))|" \
		"$here/nginx.conf" >nginx/nginx.conf
	nginx -p "$work/nginx" -e "$work/nginx/error.log" -c "$work/nginx/nginx.conf" &
	pids+=($!)
	faults "$www" >faults.url &
	pids+=($!)
	if type -P buildctl buildkitd >/dev/null && [ "$(id -u)" = 0 ]; then
		# With mounts of its own, which go with it.
		unshare --mount buildkitd --addr "$BUILDKIT_HOST" --root "$work/buildkit" --config /dev/null \
			--otel-socket-path "$work/otel.sock" --cdi-disabled --containerd-worker=false --oci-worker-net=host 2>log/buildkitd &
		pids+=($!)
		await buildctl debug workers
	fi
	await curl -sS "http://127.0.0.1:$port/"
	await test -s faults.url
	faults=$(cat faults.url)
}

# await runs a command until it succeeds, for half a minute at most.
await() {
	for ((try = 0; try < 300; try++)); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	echo "not ready: $*" >&2
	cat nginx/error.log log/* >&2
	exit 1
}

groups=()  # "table: work"
rounds=()  # of each group
row_of=()  # the group of each row
command=() # of each row
prepare=() # what makes ready for each run of it
failed=0

# chosen tells whether BENCH_ONLY asks for a group.
chosen() { # TABLE WORK
	[[ "$1: $2" =~ ${BENCH_ONLY:-} ]]
}

# group begins what the following rows have in common: the work, how many rounds,
# what makes ready for a run, and what tells whether a run has done its work.
group() { # TABLE WORK ROUNDS PREPARE CHECK
	groups+=("$1: $2")
	rounds+=("${BENCH_ROUNDS:-$3}")
	group_table=$1 group_work=$2 group_prepare=$4 group_check=$5
}

# row adds a program to the group, unless its first run fails. Where a program
# places its files elsewhere than in $out it is trusted to have checked them.
row() { # PROGRAM COMMAND [PREPARE]
	local argv peak=null state=ok log
	if ! chosen "$group_table" "$group_work"; then return; fi
	log=$work/log/row.${#command[@]}
	eval "argv=($2)"
	if ! type -P "${argv[0]}" >/dev/null; then
		state='not installed'
	elif ! { sh -c "${3:-$group_prepare}" && timeout 600 /usr/bin/time -q -f %M -o peak "${argv[@]}"; } >"$log" 2>&1; then
		state=failed
	elif [[ $2 == *"$out"* || $1 == dep* ]] && ! log=$log sh -c "$group_check" >>"$log" 2>&1; then
		state=wrong
	elif [ "${argv[0]}" != buildctl ]; then
		peak=$(tail -1 peak)
	fi
	if [ "$state" = failed ] || [ "$state" = wrong ]; then
		printf '%s: %s: %s\n' "$group_work" "$state" "$2" >&2
		tail -5 "$log" >&2
		if [[ $1 == dep* ]]; then failed=1; fi
	fi
	jq -nc --argjson row ${#command[@]} --arg table "$group_table" --arg work "$group_work" --arg program "$1" \
		--arg command "${2//"$work"/\$DIR}" --argjson peak "$peak" --arg state "$state" \
		'{$row, $table, $work, $program, $command, $peak, $state}' >>plan.jsonl
	if [ "$state" = ok ]; then row_of+=($((${#groups[@]} - 1))); else row_of+=(none); fi
	command+=("$2")
	prepare+=("${3:-$group_prepare}")
}

# again adds a program that has already done the work before each run.
again() { row "$1" "$2" "$2"; }

# measure runs each program of a group once.
measure() { # GROUP ROUND
	local rows=() args=() i n
	for i in "${!row_of[@]}"; do
		if [ "${row_of[i]}" = "$1" ]; then rows+=("$i"); fi
	done
	n=${#rows[@]}
	if [ "$n" = 0 ]; then return; fi
	for ((i = 0; i < n; i++)); do
		local row=${rows[(i + $2) % n]}
		args+=(--command-name "$row" --prepare "${prepare[row]}" "${command[row]}")
	done
	if ! timeout 1800 hyperfine -N --ignore-failure --runs 1 --style none --export-json round.json "${args[@]}" >log/hyperfine 2>&1; then
		cat log/hyperfine >&2
		exit 1
	fi
	jq -c --argjson round "$2" '.results[] | {row: (.command | tonumber), $round, wall: .times[0], cpu: (.user + .system), exit: .exit_codes[0]}' \
		round.json >>runs.jsonl
}

measure_all() {
	local most=0 round i
	for i in "${rounds[@]}"; do most=$((i > most ? i : most)); done
	for ((round = 1; round <= most; round++)); do
		for i in "${!groups[@]}"; do
			if [ "$round" -le "${rounds[i]}" ]; then measure "$i" "$round"; fi
		done
	done
}

machine() {
	local name
	printf '%s cores (%s), Linux %s' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(uname -r)"
	printf ', load average %s before and %s after' "$load" "$(cut -d' ' -f1 /proc/loadavg)"
	if type -P buildctl >/dev/null; then
		printf '; BuildKit %s' "$(sed -n 's|.*moby/buildkit v\([0-9.]*\).*|\1|p' "$module/.ci/buildkit/go.mod")"
	fi
	for name in nginx curl wget aria2c mise dotslash hyperfine; do
		if type -P "$name" >/dev/null; then
			printf '; %s %s' "$name" "$({ "$name" --version || "$name" -v; } 2>&1 | grep -Eom1 '[0-9]+\.[0-9]+[0-9.]*' | head -1)"
		fi
	done
}

. "$here/rows.sh"

build
clean_environment
load=$(cut -d' ' -f1 /proc/loadavg)
make_files
start_servers
all_rows
measure_all
jq -nr --slurpfile plan plan.jsonl --slurpfile runs runs.jsonl --arg machine "$(machine)" -f "$here/report.jq"
if jq -se --slurpfile plan plan.jsonl 'map(select(.exit != 0 and ($plan[.row].program | startswith("dep")))) | length > 0' runs.jsonl >/dev/null; then
	failed=1
fi
exit $failed
