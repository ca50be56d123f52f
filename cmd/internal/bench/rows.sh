# shellcheck shell=bash disable=SC2154
# What run.sh measures: the files, and each row of the tables.

case $scale in
small) big=16M many=30 medium=5 tiny=100 updates=20 dockerfiles=20 segmented=4M rate=2m copies=0 archives=2 huge=0 ;;
medium) big=128M many=300 medium=30 tiny=2000 updates=200 dockerfiles=200 segmented=400M rate=20m copies=1 archives=10 huge=0 ;;
full) big=1G many=300 medium=30 tiny=2000 updates=200 dockerfiles=200 segmented=400M rate=20m copies=2 archives=10 huge=8G ;;
esac

make_files() {
	files big 1 "$big"
	files many "$many" 100K
	files medium "$medium" 5M
	files tiny "$tiny" 1K
	files segmented 1 "$segmented"
	files updates "$updates" 100K
	printf '#!/bin/sh\nrm -rf %s %s %s && mkdir %s\n' "$out" "$MISE_DATA_DIR" "$DOTSLASH_CACHE" "$out" >bin/reset
	printf '#!/bin/sh\nrm -rf %s %s && mkdir %s\n' "$out" "$work/resumed" "$out" >bin/reset-resumed
	chmod +x bin/reset bin/reset-resumed
}

# files makes COUNT files of random bytes, $www/SET/f0000 and so on, and SET.sums.
files() { # SET COUNT SIZE
	mkdir -p "$www/$1"
	head -c "$(($2 * $(numfmt --from=iec "$3")))" /dev/urandom | split -b "$3" -a 4 -d - "$www/$1/f"
	(cd "$www/$1" && sha256sum f*) >"$1.sums"
}

# lists writes what tells each program to download a set from an origin.
lists() { # SET ORIGIN NAME
	mkdir -p "$3.mise" "$3.buildkit" "$3.dotslashes"
	awk -v origin="$2/$1" -v size="$(stat -c %s "$www/$1/f0000")" -v out="$out" -v name="$3" '
	BEGIN {
		print "version = 1" > (name ".lock.toml")
		print "[tools]" > (name ".mise/mise.toml")
		print "FROM scratch" > (name ".buildkit/Dockerfile")
	}
	{
		url = origin "/" $2
		printf "[deps.%s]\nurl = \"%s\"\npath = \"/%s\"\nlocked.any = { url = \"%s\", sha256 = \"%s\", size = %d }\n", \
			$2, url, $2, url, $1, size > (name ".lock.toml")
		printf "\"http:%s\" = { version = \"1\", url = \"%s\", checksum = \"sha256:%s\" }\n", $2, url, $1 > (name ".mise/mise.toml")
		printf "ADD --checksum=sha256:%s %s /%s\n", $1, url, $2 > (name ".buildkit/Dockerfile")
		printf "url = \"%s\"\noutput = \"%s/%s\"\n", url, out, $2 > (name ".curl")
		printf "%s\n  out=%s\n  checksum=sha-256=%s\n", url, $2, $1 > (name ".aria2")
		printf "%s  %s/%s\n", $1, out, $2 > (name ".sha256")
		printf "#!/usr/bin/env dotslash\n{ \"name\": \"%s\", \"platforms\": { \"linux-x86_64\": { \"size\": %d, \"hash\": \"sha256\", \"digest\": \"%s\", \"path\": \"%s\", \"providers\": [ { \"url\": \"%s\" } ] } } }\n", \
			$2, size, $1, $2, url > (name ".dotslashes/" $2)
		close(name ".dotslashes/" $2)
	}' "$1.sums"
}

# The command lines, each for the lists of that name.
fetch() { echo "depfetch fetch -f $work/$1.lock.toml --root ${2:-$out} --progress quiet"; }
aria2() { echo "aria2c -q --no-conf --file-allocation=none -d ${2:-$out} -i $work/$1.aria2"; }
mise_install() { echo "mise -q -C $work/$1.mise install --jobs 16"; }
dotslash_fetch() { echo "dotslash -- fetch $work/$1.dotslashes/f0000"; }
dotslash_all() { echo "sh -c 'ls $work/$1.dotslashes/* | xargs -P16 -n1 dotslash -- fetch'"; }
build_add() { echo "buildctl build --progress=quiet --frontend dockerfile.v0 --local context=$work/$1.buildkit --local dockerfile=$work/$1.buildkit"; }
sums() { echo "sha256sum --quiet -c $work/$1.sha256"; }
same() { echo "diff -rq $www/$1 ${2:-$out}"; }

# iec spells a size out: 1 GiB for 1G.
iec() { echo "${1%?} ${1: -1}iB"; }

all_rows() {
	local protocol origin trust
	for protocol in http https h2; do
		trust="$work/nginx/cert.pem"
		case $protocol in
		http) origin=http://127.0.0.1:$port trust= ;;
		https) origin=https://127.0.0.1:$((port + 1)) ;;
		h2) origin=https://127.0.0.1:$((port + 2)) ;;
		esac
		one_file
		many_files
	done
	faulty_servers
	huge_file
	segmented
	filled
	documented
	resumed
	cached
	archives
	members
	shim
	deplock_rows
}

# Programs that download one large file, by the protocol, origin and trust of all_rows.
one_file() {
	local name=big-$protocol curl
	lists big "$origin" "$name"
	curl="curl -sSf${trust:+ --cacert $trust} -o $out/f0000 $origin/big/f0000"
	group Downloads "$(iec "$big"), $protocol" 5 reset "$(same big)"
	row depfetch "$(fetch "$name")${trust:+ --cacert $trust}"
	row curl "$curl"
	row 'curl + sha256sum' "sh -c '$curl && $(sums "$name")'"
	if [ "$protocol" = h2 ]; then return; fi
	row wget "wget -q${trust:+ --ca-certificate $trust} -O $out/f0000 $origin/big/f0000"
	row aria2c "$(aria2 "$name")${trust:+ --ca-certificate $trust}"
	if [ "$protocol" = https ]; then return; fi
	row mise "$(mise_install "$name")"
	row dotslash "$(dotslash_fetch "$name")"
	row 'BuildKit ADD' "$(build_add "$name")" 'buildctl prune --all'
}

# Those that download many small ones.
many_files() {
	local name=many-$protocol curl
	lists many "$origin" "$name"
	curl="curl -sSf${trust:+ --cacert $trust} -K $work/$name.curl"
	group Downloads "$many × 100 KiB, $protocol" 5 reset "$(same many)"
	row depfetch "$(fetch "$name")${trust:+ --cacert $trust}"
	row curl "$curl -Z --parallel-max 16"
	row 'curl + sha256sum' "sh -c '$curl && $(sums "$name")'"
	if [ "$protocol" = h2 ]; then return; fi
	row aria2c "$(aria2 "$name") -j16${trust:+ --ca-certificate $trust}"
	if [ "$protocol" = http ]; then
		row mise "$(mise_install "$name")"
		row 'BuildKit ADD' "$(build_add "$name")" 'buildctl prune --all'
	fi

	name=medium-$protocol
	lists medium "$origin" "$name"
	curl="curl -sSf${trust:+ --cacert $trust} -K $work/$name.curl -Z --parallel-max 16"
	group Downloads "$medium × 5 MiB, $protocol" 5 reset "$(same medium)"
	row depfetch "$(fetch "$name")${trust:+ --cacert $trust}"
	row curl "$curl"
	row 'curl + sha256sum' "sh -c '$curl && $(sums "$name")'"
	row aria2c "$(aria2 "$name") -j16${trust:+ --ca-certificate $trust}"
	if [ "$protocol" = http ]; then
		row mise "$(mise_install "$name")"
		row dotslash "$(dotslash_all "$name")"
		row 'BuildKit ADD' "$(build_add "$name")" 'buildctl prune --all'
	fi

	name=tiny-$protocol
	lists tiny "$origin" "$name"
	group Downloads "${tiny/%000/,000} × 1 KiB, $protocol" 5 reset "$(same tiny)"
	row depfetch "$(fetch "$name")${trust:+ --cacert $trust}"
	row curl "curl -sSf${trust:+ --cacert $trust} -K $work/$name.curl -Z --parallel-max 16"
	row aria2c "$(aria2 "$name") -j16${trust:+ --ca-certificate $trust}"
}

faulty_servers() {
	local retry='--retry 5 --retry-all-errors'
	lists many "$faults/slow" slow
	group Downloads "$many × 100 KiB, 30 ms to the first byte" 5 reset "$(same many)"
	row depfetch "$(fetch slow)"
	row curl "curl -sSf -K $work/slow.curl -Z --parallel-max 16"
	row aria2c "$(aria2 slow) -j16"

	lists many "$faults/reset" reset
	group Downloads "$many × 100 KiB, 5 % of requests reset" 5 reset "$(same many)"
	row depfetch "$(fetch reset)"
	row curl "curl -sSf $retry -K $work/reset.curl -Z --parallel-max 16"

	lists many "http://127.0.0.1:$((port + 4))" few
	group Downloads "$many × 100 KiB, 64 at once, the server takes 4" 5 reset "$(same many)"
	row depfetch "$(fetch few) --jobs 64"
	row curl "curl -sSf $retry -K $work/few.curl -Z --parallel-max 64"
}

# A file larger than most memories, a hole on the server, to a disk.
huge_file() {
	local what
	what="$(iec "$huge"), http, to a disk"
	if [ "$huge" = 0 ] || ! chosen Downloads "$what"; then return; fi
	mkdir "$www/huge"
	truncate -s "$huge" "$www/huge/f0000"
	openssl dgst -sha256 -r "$www/huge/f0000" | sed 's/ .*/  f0000/' >huge.sums
	lists huge "http://127.0.0.1:$port" huge
	group Downloads "$what" 2 "rm -f $disk/f0000" "$(same huge "$disk")"
	row depfetch "$(fetch huge "$disk")"
	row curl "curl -sSf -o $disk/f0000 http://127.0.0.1:$port/huge/f0000"
}

segmented() {
	local origin=http://127.0.0.1:$((port + 3))
	lists segmented "$origin" segmented
	group Segmented "$(iec "$segmented"), limit_rate $rate for each connection" 2 reset "$(same segmented)"
	row depfetch "$(fetch segmented)"
	row curl "curl -sSf -o $out/f0000 $origin/segmented/f0000"
	row 'aria2c -x8' "$(aria2 segmented) -x8 -s8 -k1M"
}

# One large file that goes to a cache too, on a file system that cannot share blocks.
filled() {
	local what dir place
	lists big "http://127.0.0.1:$port" filled
	for place in memory disk; do
		dir=$work/filled what="$(iec "$big"), http, with a cache in memory"
		if [ $place = disk ]; then dir=$disk/filled what="$(iec "$big"), http, with a cache on a disk"; fi
		printf '#!/bin/sh\nrm -rf %s && mkdir -p %s/out\n' "$dir" "$dir" >bin/reset-$place
		chmod +x bin/reset-$place
		group Filled "$what" 5 reset-$place "cmp $www/big/f0000 $dir/out/f0000 || cmp $www/big/f0000 $dir/cache/blobs/sha256/*"
		row depfetch "$(fetch filled "$dir/out") --cache $dir/cache"
		row 'depfetch without' "$(fetch filled "$dir/out")"
		row 'depfetch --download-only' "$(fetch filled "$dir/out") --cache $dir/cache --download-only"
	done
}

# Many files, and a document of them; and the same document of a lockfile alone.
documented() {
	lists many "http://127.0.0.1:$port" documented
	group Documented "$many × 100 KiB, http, with --sbom" 9 reset "$(same many) -x sbom.spdx.json && jq -e '.packages | length == $many' $out/sbom.spdx.json"
	row depfetch "$(fetch documented) --sbom /sbom.spdx.json"
	group_check=$(same many)
	row 'depfetch without' "$(fetch documented)"
	group Documented "$many dependencies, without a download" 15 true "jq -e '.packages | length == $many' \$log"
	row 'deplock sbom' "deplock sbom -f $work/documented.lock.toml"
}

# One large file of which a killed run has left nine tenths in a cache.
resumed() {
	local origin name what left size hash
	size=$(stat -c %s "$www/big/f0000") hash=$(cut -d' ' -f1 big.sums)
	for name in unlimited link; do
		origin=http://127.0.0.1:$port what="$(iec "$big"), http, killed at 90 %"
		if [ $name = link ]; then origin=http://127.0.0.1:$((port + 5)) what="$what, 100 MB/s"; fi
		if ! chosen Resumed "$what"; then continue; fi
		lists big "$origin" "resumed-$name"
		left=$work/left-$name
		mkdir -p "$left"
		head -c $((size / 10 * 9)) "$www/big/f0000" >"$left/.partial-$hash"
		printf '%s %s\n' "$(printf %s "$origin/big/f0000" | sha256sum | cut -d' ' -f1)" \
			"$(curl -sSI "$origin/big/f0000" | sed -n 's/^ETag: //p' | tr -d '\r')" >"$left/.partial-$hash.from"
		printf '#!/bin/sh\nrm -rf %s %s && mkdir %s && cp -r %s %s\n' "$out" "$work/resumed" "$out" "$left" "$work/resumed" >bin/leave-$name
		chmod +x bin/leave-$name
		group Resumed "$what" 3 leave-$name "$(same big)"
		group_check="$group_check && tail -1 \$log | jq -e '.bytes < $size / 5'"
		name="$(fetch "resumed-$name") --connections 1 --cache $work/resumed"
		row depfetch "${name/quiet/json}"
		group_check=$(same big)
		row 'depfetch, all of it' "$name" reset-resumed
		row 'hash alone' "sh -c 'openssl dgst -sha256 $www/big/f0000'"
	done
}

cached() {
	local set what name placed
	for set in big many; do
		what=$(iec "$big")
		if [ $set = many ]; then what="$many × 100 KiB"; fi
		name=$set-cached placed=$work/placed/$set
		lists $set "http://127.0.0.1:$port" "$name"
		mkdir "$placed"
		sed "s|$out|$placed|" "$name.sha256" >"$set-placed.sha256"
		$(fetch "$name") --cache "$work/cache" --download-only

		group Cached "$what, in the cache" 7 reset "$(same $set)"
		row depfetch "$(fetch "$name") --cache $work/cache --offline"
		row 'hash alone' "sh -c 'openssl dgst -sha256 $www/$set/f*'"
		if [ $set = big ]; then
			again dotslash "$(dotslash_fetch "$name")"
			again 'BuildKit ADD' "$(build_add "$name")"
		fi

		group Cached "$what, in place" 7 true "$(same $set "$placed")"
		again depfetch "$(fetch "$name" "$placed")"
		row 'hash alone' "sh -c 'openssl dgst -sha256 $placed/f*'"
		row 'sha256sum -c' "$(sums "$set-placed")"
		row aria2c "$(aria2 "$name" "$placed") -j16 -c -V"
		again mise "$(mise_install "$name")"
	done
}

# Go's own source and its programs, as archives. depfetch verifies an archive
# and unpacks it.
archives() {
	local tree=$work/tree i
	mkdir "$tree"
	if [ "$copies" = 0 ]; then cp -r "$goroot/src/net" "$tree"; fi
	for ((i = 0; i < copies; i++)); do cp -r "$goroot/src" "$tree/$i"; done
	archive_formats source
	rm -rf "$tree"
	mkdir "$tree"
	if [ "$copies" = 0 ]; then cp "$goroot"/bin/gofmt "$tree"; fi
	for ((i = 0; i < copies; i++)); do cp -r "$goroot/pkg/tool" "$tree/$i"; done
	archive_formats toolchain
	rm -rf "$tree"
}

archive_formats() { # NAME
	local count size format pack archive url
	chmod -R u+w "$tree"
	count=$(find "$tree" -type f | wc -l)
	size=$(du -s --apparent-size --block-size=1 "$tree" | cut -f1 | numfmt --to=si)B
	for format in tar.gz tar.zst tar.xz zip; do
		if ! chosen Archives "$1.$format, $count files, $size"; then continue; fi
		archive=$www/$1.$format
		case $format in
		tar.gz) pack="tar -C $tree -c . | gzip -6 >$archive" ;;
		tar.zst) pack="tar -C $tree -c . | zstd -q -T0 -3 >$archive" ;;
		tar.xz) pack="tar -C $tree -c . | xz -T0 -1 >$archive" ;;
		zip) pack="cd $tree && zip -q -r -6 $archive ." ;;
		esac
		if ! sh -c "$pack"; then continue; fi # its packer is not installed
		unpack_lock "file://$archive" "$1.$format"
		group Archives "$1.$format, $count files, $size" 3 reset "[ \$(find $out -type f | wc -l) = $count ]"
		row depfetch "$(fetch "$1.$format")"
		if [ $format = zip ]; then
			row 'tar -x, unzip' "unzip -q $archive -d $out"
		else
			row 'tar -x, unzip' "tar -xf $archive -C $out"
		fi
		row 'bsdtar -x' "bsdtar -xf $archive -C $out"
		if [ "$1.$format" = source.tar.gz ]; then
			url=http://127.0.0.1:$port/$1.$format
			unpack_lock "$url" pipe
			group Archives "$1.$format, downloaded" 3 reset "$group_check"
			row depfetch "$(fetch pipe)"
			row 'curl and tar -x' "sh -c 'curl -sSf $url | tar -xz -C $out'"
		fi
	done
}

# One member out of each of several archives, of some 20 MB: the Go compiler, between
# other tools.
members() {
	local i what name=members url sum size unpacked origin=http://127.0.0.1:$port
	local lock=$work/members.lock.toml
	what="$archives archives × 20 MB, one member of each"
	if ! chosen Archives "$what"; then return; fi
	mkdir -p "$www/members" members.tree members.dotslashes members.mise
	cp "$goroot"/pkg/tool/*/{asm,compile,cover,link,vet} members.tree
	unpacked=$(sha256sum members.tree/compile | cut -d' ' -f1)
	echo 'version = 1' >"$lock"
	echo '[tools]' >members.mise/mise.toml
	for ((i = 0; i < archives; i++)); do
		head -c 1K /dev/urandom >members.tree/zzz
		tar -C members.tree -c asm compile cover link vet zzz | gzip -1 >"$www/members/$i.tar.gz"
		url=$origin/members/$i.tar.gz
		sum=$(sha256sum "$www/members/$i.tar.gz" | cut -d' ' -f1)
		size=$(stat -c %s "$www/members/$i.tar.gz")
		printf '[deps.m%s]\nurl = "%s"\npath = "/m%s"\nmember = "compile"\nlocked.any = { url = "%s", sha256 = "%s", size = %s, unpacked = "%s" }\n' \
			$i "$url" $i "$url" "$sum" "$size" "$unpacked" >>"$lock"
		printf '"http:m%s" = { version = "1", url = "%s", checksum = "sha256:%s" }\n' $i "$url" "$sum" >>members.mise/mise.toml
		printf '#!/usr/bin/env dotslash\n{ "name": "m%s", "platforms": { "linux-x86_64": { "size": %s, "hash": "sha256", "digest": "%s", "format": "tar.gz", "path": "compile", "providers": [ { "url": "%s" } ] } } }\n' \
			$i "$size" "$sum" "$url" >members.dotslashes/$i
	done
	group Archives "$what" 3 reset "[ \$(sha256sum $out/m* | grep -c $unpacked) = $archives ]"
	row depfetch "$(fetch members)"
	row mise "$(mise_install members)"
	row dotslash "$(dotslash_all members)"
}

unpack_lock() { # URL NAME
	printf 'version = 1\n[deps.tree]\nurl = "%s"\npath = "/"\nunpack = true\nlocked.any = { url = "%s", sha256 = "%s", size = %d }\n' \
		"$1" "$1" "$(sha256sum "$archive" | cut -d' ' -f1)" "$(stat -c %s "$archive")" >"$2.lock.toml"
}

# depfetch in the place of curl, as Dockerfiles call it, and the cost of a start.
shim() {
	local origin=http://127.0.0.1:$port
	head -1 tiny.sums >small.sums
	mkdir "$www/small" placed/small && cp "$www/tiny/f0000" "$www/small"
	lists small "$origin" small
	group 'In the place of curl' '1 KiB to a file' 7 reset "cmp $out/f0000 $www/tiny/f0000"
	row depfetch "env DEPFETCH_LOCK=$work/small.lock.toml depfetch curl -sSf -o $out/f0000 $origin/small/f0000"
	row curl "curl -sSf -o $out/f0000 $origin/small/f0000"
	group 'In the place of curl' "$(iec "$big") to a pipe" 7 reset "cmp $out/f0000 $www/big/f0000"
	row depfetch "sh -c 'DEPFETCH_LOCK=$work/big-http.lock.toml depfetch curl -sSf $origin/big/f0000 | cat >$out/f0000'"
	row curl "sh -c 'curl -sSf $origin/big/f0000 | cat >$out/f0000'"
	group 'In the place of curl' 'start: --help, curl --version' 20 true true
	row depfetch 'depfetch --help'
	row curl 'curl --version'
	group 'In the place of curl' 'start: 1 KiB in place, curl --version' 20 true "$(same small "$work/placed/small")"
	again depfetch "$(fetch small "$work/placed/small")"
	row curl 'curl --version'
}

deplock_rows() {
	local i sum name count
	checked_lock >checked.lock.toml
	group deplock 'check, 2,000 locked lines' 15 true "grep -q '2000 locked lines, all in order' \$log"
	row deplock "deplock check -f $work/checked.lock.toml"

	count=$(find scan -type f | wc -l)
	group deplock "scan, $count Dockerfiles" 7 true "grep -q . \$log"
	row deplock "sh -c 'deplock scan $work/scan || [ \$? = 1 ]'"

	mkdir sync
	for ((i = 0; i < dockerfiles; i++)); do
		mkdir "sync/$i"
		sync_dockerfile "$i" >"sync/$i"/Dockerfile
	done
	{
		printf 'version = 1\n[urls]\n'
		for ((i = 0; i < dockerfiles; i++)); do
			for name in "t-1.$i.tgz" "k-1.$i-amd64" "k-1.$i-arm64" "data-$i"; do
				printf '"https://example.com/%s" = { sha256 = "%064d" }\n' "$name" 1
			done
		done | sort
	} >sync/deps.lock.toml
	sync="deplock sync --bases=usual --context $work/sync -f $work/sync/deps.lock.toml $work/sync"
	$sync >/dev/null 2>&1
	group deplock "sync, $dockerfiles Dockerfiles, all adopted before" 11 true "grep -q '0 adopted, $((dockerfiles * 3)) adopted before, 0 left' \$log"
	row deplock "$sync"
	group deplock "sync --check of the same" 11 true "grep -q '0 findings' \$log"
	row deplock "$sync --check"

	cp updates.sums "$www/updates/SHA256SUMS"
	while read -r sum name; do echo "$sum  $name" >"$www/updates/$name.sha256"; done <updates.sums
	update '' '' "$updates"
	update ', one list of sums' "$faults/slow/updates/SHA256SUMS" $((updates + 1))
	update ', a list for each' '{url}.sha256' $((2 * updates))
}

# update locks again what has not changed; curl downloads the same, lists and all.
update() { # WHAT SUMS REQUESTS
	local name=update-$3 origin=$faults/slow/updates asked
	awk -v origin="$origin" -v sums="$2" -v name="$name" '
	function download(url) { printf "url = \"%s\"\noutput = \"/dev/null\"\n", url > (name ".curl") }
	BEGIN { print "version = 1"; if (sums != "" && sums !~ /{/) download(sums) }
	{
		trust = "tofu"
		printf "\n[deps.%s]\nversion = \"1.0\"\nurl     = \"%s/%s\"\n", $2, origin, $2
		if (sums != "") { trust = "published"; printf "sums    = \"%s\"\n", sums }
		printf "path    = \"/opt/%s\"\n\n[deps.%s.locked]\n", $2, $2
		printf "any = { url = \"%s/%s\", sha256 = \"%s\", size = 102400, trust = \"%s\" }\n", origin, $2, $1, trust
		download(origin "/" $2)
		if (sums ~ /{/) download(origin "/" $2 ".sha256")
	}' updates.sums >"$name.lock.toml"
	cp "$name.lock.toml" "$name.before"
	asked="curl -s $faults/asked"
	group deplock "update, $updates × 100 KiB, 30 ms$1" 7 "$asked -o $work/asked" \
		"cmp $work/$name.lock.toml $work/$name.before && [ \$((\$($asked) - \$(cat $work/asked))) = $3 ]"
	row deplock "deplock update -f $work/$name.lock.toml --jobs 16 --allow-http"
	row curl "curl -sSf -K $work/$name.curl -Z --parallel-max 16"
}

checked_lock() {
	printf 'version = 1\n[policy]\nhosts = ["*.example.com"]\ntrust = "published"\n'
	awk 'BEGIN {
		split("amd64 arm64 ppc64le s390x", arch, " ")
		for (i = 0; i < 500; i++) {
			base = "https://dl.example.com/tool-" i "/v"
			printf "\n[deps.tool-%d]\nversion = \"1.%d.0\"\nurl     = \"%s{version}/tool-{os}-{arch}.tar.gz\"\n", i, i, base
			print "sums    = \"{url}.sha256sum\"\nmember  = \"{os}-{arch}/tool\""
			print "platforms = [\"linux/amd64\", \"linux/arm64\", \"linux/ppc64le\", \"linux/s390x\"]"
			printf "path    = \"/usr/local/bin/tool-%d\"\nmode    = \"0755\"\n[deps.tool-%d.locked]\n", i, i
			for (j = 1; j <= 4; j++)
				printf "\"linux/%s\" = { url = \"%s1.%d.0/tool-linux-%s.tar.gz\", sha256 = \"%064x\", size = %d, trust = \"published\" }\n", \
					arch[j], base, i, arch[j], 4 * i + j, 1000 + i
		}
	}'
}

sync_dockerfile() { # NUMBER
	cat <<-EOF
		FROM debian:12 AS build
		ARG V=1.$1
		RUN apt-get update && apt-get install -y curl
		RUN set -eux; \\
		    curl -fsSLo /tmp/t.tgz "https://example.com/t-\$V.tgz"; \\
		    tar -xzf /tmp/t.tgz -C /opt; rm /tmp/t.tgz
		RUN case "\$(uname -m)" in x86_64) a=amd64;; aarch64) a=arm64;; esac; \\
		    wget -qO /usr/local/bin/k "https://example.com/k-\$V-\$a" && chmod +x /usr/local/bin/k
		ADD https://example.com/data-$1 /srv/
		FROM debian:12
		COPY --from=build /opt /opt
	EOF
}
