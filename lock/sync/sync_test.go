package sync_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"depfetch/fetch/digest"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/release"
	"depfetch/lock/sync"
)

var platforms = []lock.Platform{"linux/amd64", "linux/arm64"}

// everything pins each address that does not move by its name, but for /version.
type everything struct{ unpinned []string }

func (e everything) Pin(url string) (lock.Pin, bool) {
	if slices.Contains(e.unpinned, url) {
		return lock.Pin{URL: url, Unpinned: "it moves"}, true
	}
	return lock.Pin{URL: url, Digest: digest.Of([]byte(url))}, release.Moving(url) == "" && !strings.HasSuffix(url, "/version")
}

func (everything) Left(sync.Form) (sync.Reason, bool) { return sync.Reason{}, false }

func parse(t *testing.T, name, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, text string) *sync.Reading {
	t.Helper()
	return sync.Read(parse(t, "Dockerfile", text), sync.Options{Platforms: platforms})
}

// TestEdit holds that what is edited is adopted then, is not edited again, and comes
// back byte for byte.
func TestEdit(t *testing.T) {
	names, err := filepath.Glob("../../testdata/sync/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no Dockerfiles: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(data).Files {
			text := strings.ReplaceAll(string(f.Data), "$U", "https://example.com")
			for _, source := range []sync.Source{
				{From: "depfetch", Lock: "deps.lock.toml"}, {From: "example.org/depfetch:1@sha256:0", Lock: "build/deps.lock.toml"},
				{Vendor: ".depfetch", Lock: "deps.lock.toml"},
			} {
				var pins everything
				r := read(t, text)
				for _, run := range r.Runs {
					for _, q := range run.Unpinnable() {
						pins.unpinned = append(pins.unpinned, q.URL)
					}
				}
				edited := r.Edit(source, pins)
				again := read(t, string(edited))
				for i, run := range again.Runs {
					if want := r.Runs[i].Judge(pins).Adopt; run.Adopted() != want {
						t.Errorf("%s: RUN %d is adopted: %v; want %v\n%s", f.Name, i, run.Adopted(), want, edited)
					}
				}
				if twice := again.Edit(source, pins); string(twice) != string(edited) {
					t.Errorf("%s: edited twice:\n%s", f.Name, twice)
				}
				if undone := again.Undo(pins); string(undone) != text {
					t.Errorf("%s: after Undo:\n%s\nwant\n%s", f.Name, undone, text)
				}
			}
		}
	}
}

// TestReasons holds why RUNs and ADDs are left, or that they are adopted.
func TestReasons(t *testing.T) {
	for _, test := range []struct{ lines, want string }{
		{"RUN curl -fsSLO https://example.com/a", ""},
		{"RUN wget https://example.com/a && wget https://example.com/b", ""},
		{"RUN /usr/bin/wget https://example.com/a", "/usr/bin/wget is called by its path, past depfetch"},
		{"RUN sudo -E curl -fsSLO https://example.com/a", "sudo -E curl passes depfetch by: sudo may look for programs in a PATH of its own"},
		{"RUN su - app -c 'curl -fsSLO https://example.com/a'", "su - app -c curl passes depfetch by: a login shell sets PATH anew"},
		{"RUN su app -c 'curl -fsSLO https://example.com/a'", ""},
		{"RUN env -i curl -fsSLO https://example.com/a", "env -i curl passes depfetch by: it runs without the environment of the build"},
		{"RUN env A=1 curl -fsSLO https://example.com/a", ""},
		{"RUN chroot /mnt curl -fsSLO https://example.com/a", "chroot /mnt curl passes depfetch by: it runs in another file system"},
		{"RUN busybox wget https://example.com/a", "busybox wget passes depfetch by: busybox has a program of its own"},
		{"RUN timeout 5 curl -fsSLO https://example.com/a", ""},
		{"RUN PATH=/usr/bin:/bin curl -fsSLO https://example.com/a", "its PATH has no folder before that of the image's own curl and wget"},
		{"ENV PATH=/opt/x:$PATH\nRUN curl -fsSLO https://example.com/a", ""},
		{"ENV PATH=/usr/bin:/bin\nRUN curl -fsSLO https://example.com/a", "its PATH has no folder before that of the image's own curl and wget"},
		{"RUN chown -R 1000 / && curl -fsSLO https://example.com/a", "it changes or copies /usr/sbin, where depfetch would be"},
		{"ARG URL\nRUN curl -fsSLO $URL", "an address is not known: ARG URL has no default"},
		{"RUN curl -fsSLO https://example.com/$(cat /version)", "an address is not known: only the build has the file /version"},
		{"RUN curl -H \"Authorization: $(cat /t)\" -fsSLO https://example.com/a", "https://example.com/a is asked for with a header that is not known: only the build has the file /t"},
		{"RUN curl -fsSLO -K /etc/curl https://example.com/a", "an address is not known: what it asks for is in the file /etc/curl"},
		{"RUN cat list | wget -qi -", "an address is not known: what it asks for comes from its input"},
		{"ENV JAVA_HOME=/usr\nENV PATH=$JAVA_HOME/bin:$PATH\nRUN curl -fsSLO https://example.com/a", "its PATH has no folder before that of the image's own curl and wget"},
		{"RUN export V=$(tool version) && curl -fsSLO https://example.com/$V", "an address is not known: only the build can tell what tool prints"},
		{"RUN wget -i list", "an address is not known: what it asks for is in the file list"},
		{"RUN curl -d a=b https://example.com/a", "curl: --data is refused: it sends data, and a pinned fetch only gets"},
		{"RUN curl -sI https://example.com/a", "it reads the header of the answer of https://example.com/a"},
		{"RUN curl -sLo /dev/null -w '%{url_effective}' https://example.com/a", "it reads where https://example.com/a leads"},
		{"RUN curl -fsSLO https://github.com/o/r/archive/master.tar.gz", "https://github.com/o/r/archive/master.tar.gz moves: its address says the branch master"},
		{"RUN V=$(curl -fsSL https://example.com/version | tr -d v) && echo $V", "https://example.com/version moves: its answer is read by the script"},
		{"RUN curl -fsSLOJ https://example.com/a", "the server names the file of https://example.com/a"},
		{"RUN curl -J -L -o /tmp/a https://example.com/a && curl -fsSLJ https://example.com/b | tar -x", ""},
		{"RUN wget --content-disposition https://example.com/a", "the server names the file of https://example.com/a"},
		{"RUN wget --content-disposition -O /tmp/a https://example.com/a", ""},
		{"RUN wget -O s https://example.com/a && S=$(cat s) && expr substr \"$S\" 1 64", ""},
		{"RUN curl -fsSLO https://example.com/latest -O https://example.com/a", "https://example.com/latest moves: its address says latest"},
		{"RUN curl -fsSLO ftp://example.com/a", "ftp://example.com/a: only https and http are pinned"},
		{"RUN nvm install 20; curl -fsSLO https://example.com/a", "nvm downloads by itself: its install fetches releases with curl or wget"},
		{"RUN . ~/.nvm/nvm.sh && nvm use 20 && curl -fsSLO https://example.com/a", ""},
		{"RUN pyenv global 3.12 && pyenv --version && curl -fsSLO https://example.com/a", ""},
		{"ARG V\nRUN pyenv $V && curl -fsSLO https://example.com/a", "pyenv downloads by itself: its install fetches sources with curl or wget"},
		{"RUN curl -fsSLO https://example.com/a && ./contrib/download_prerequisites", "download_prerequisites downloads by itself: it fetches sources with curl or wget"},
		{"RUN curl -fsSLO https://example.com/a && ./helm plugin install https://example.com/p", "helm downloads by itself: plugins may fetch their programs with curl or wget"},
		{"RUN curl -fsSLO https://example.com/a && helm version --client && helm repo add a https://example.com", ""},
		{"RUN curl -fsSLO https://example.com/a && cabal update", "cabal downloads by itself: it fetches with curl or wget"},
		{"RUN curl -fsSLO https://example.com/a && cabal --version && eval $(opam env)", ""},
		{"RUN apt-get install -y curl ttf-mscorefonts-installer=3.8 && curl -fsSLO https://example.com/a", "apt-get downloads by itself: the package ttf-mscorefonts-installer fetches with wget when it is installed"},
		{"RUN curl -fsSLO https://example.com/lein && ./lein", "lein downloads by itself: its first run fetches itself with curl or wget"},
		{"RUN curl -fsSLO https://example.com/t && ./install-tl --profile=p", "install-tl downloads by itself: it fetches packages with curl or wget"},
		{"ARG T\nRUN $T && curl -fsSLO https://example.com/a", "it starts a program whose name is not known: ARG T has no default"},
		{"RUN make && curl -fsSLO https://example.com/a", ""},
		{"RUN --mount=source=bin,target=/usr/local/bin/ curl -fsSLO https://example.com/a", "it mounts /usr/local/bin, where depfetch would be"},
		{"RUN --mount=type=cache,target=/usr/local curl -fsSLO https://example.com/a", "it mounts /usr/local, where depfetch would be"},
		{"RUN --mount=type=tmpfs,target=/usr/local --mount=target=/usr/local/bin/x --mount=target=src curl -fsSLO https://example.com/a", ""},
		{"COPY --chmod=755 fake /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is of the build context, and may do more than download"},
		{"COPY tools/wget tools/x /usr/local/bin/\nRUN wget https://example.com/a", "/usr/local/bin/wget is of the build context, and may do more than download"},
		{"COPY tools/wget /usr/bin/wget\nRUN wget https://example.com/a", "/usr/bin/wget is of the build context, and may do more than download"},
		{"COPY <<EOF /usr/local/bin/curl\nexec /usr/bin/curl -k \"$@\"\nEOF\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is of the build context, and may do more than download"},
		{"COPY --from=curlimages/curl /usr/bin/curl /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", ""},
		{"COPY tools/wget /usr/local/bin/\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN curl -fsSLO https://example.com/a\nCOPY fake /usr/local/bin/curl", ""},
		{"RUN printf '#!/bin/sh\\nexec /usr/bin/curl --retry 3 \"$@\"\\n' > /usr/local/bin/curl && chmod +x /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"RUN printf x > /usr/local/bin/curl && chmod +x /usr/local/bin/curl && curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"RUN cat <<EOF >/usr/bin/curl\nexec /usr/bin/curl.real -k \"$@\"\nEOF\nRUN curl -fsSLO https://example.com/a", "/usr/bin/curl is written by a RUN, and may do more than download"},
		{"RUN <<EOF\necho 'exec wget2 \"$@\"' | tee /usr/local/bin/wget\nEOF\nRUN wget https://example.com/a", "/usr/local/bin/wget is written by a RUN, and may do more than download"},
		{"WORKDIR /usr/local/bin\nRUN echo x >> wget\nWORKDIR /\nRUN wget https://example.com/a", "/usr/local/bin/wget is written by a RUN, and may do more than download"},
		{"RUN ln -s /opt/retry.sh /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is /opt/retry.sh, and may do more than download"},
		{"RUN ln -sf /usr/bin/curl /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN ln -sf /bin/busybox /usr/local/bin/wget\nRUN wget https://example.com/a", ""},
		{"RUN cd /usr/local/bin && ln -s ../../../opt/retry.sh curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is /opt/retry.sh, and may do more than download"},
		{"COPY wrap.sh /tmp/\nRUN mv /tmp/wrap.sh /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is of the build context, and may do more than download"},
		{"COPY wrap.sh /tmp/curl\nRUN install -Dm755 -t /usr/local/bin /tmp/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is of the build context, and may do more than download"},
		{"RUN echo x > /tmp/w && cp /tmp/w /usr/local/bin/wget\nRUN wget https://example.com/a", "/usr/local/bin/wget is written by a RUN, and may do more than download"},
		{"ARG W\nRUN cp \"$W\" /usr/local/bin/wget\nRUN wget https://example.com/a", "/usr/local/bin/wget is ${W}, and may do more than download"},
		{"RUN echo x > /opt/wget\nENV PATH=/opt:$PATH\nRUN wget https://example.com/a", "/opt/wget is written by a RUN, and may do more than download"},
		{"RUN echo x > /opt/wget\nRUN wget https://example.com/a", ""},
		{"RUN curl -fsSLo /usr/local/bin/curl https://example.com/curl-amd64 && chmod +x /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN curl -fsSL https://example.com/curl.gz | gunzip > /usr/local/bin/curl\nFROM base\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN curl -fsSLO https://example.com/a && mv curl-8 /usr/local/bin/curl", ""},
		{"RUN wget https://example.com/a && printf x > /usr/local/bin/wget", ""},
		{"RUN printf x > /usr/local/bin/curl\nFROM base\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},

		{"RUN printf x > /w/curl\nFROM debian:12\nCOPY --from=base /w/curl /usr/local/bin/\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"RUN printf x > /w/curl\nFROM debian:12\nCOPY --from=0 /w /usr/local/bin\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"COPY w.sh /w/curl.sh\nFROM debian:12\nCOPY --from=base /w/curl.sh /usr/local/bin/curl\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"RUN wget https://example.com/w\nFROM debian:12\nCOPY --from=base /usr/bin/curl /usr/local/bin/\nRUN curl -fsSLO https://example.com/a", ""},

		{"RUN cp /usr/bin/curl /usr/local/bin/fetcher && fetcher -fsSL https://example.com/a -o x", "fetcher is curl under another name, past depfetch"},
		{"RUN ln -s $(which wget) /usr/bin/get\nRUN /usr/bin/get https://example.com/a", "/usr/bin/get is wget under another name, past depfetch"},
		{"RUN cp /bin/busybox /bb && /bb wget https://example.com/a", "busybox wget passes depfetch by: busybox has a program of its own"},
		{"RUN mv /usr/bin/curl /usr/bin/curl.real && curl.real -fsSLO https://example.com/a", "curl.real is curl under another name, past depfetch"},
		{"RUN alias get='curl -fsSL'\nRUN wget https://example.com/a", ""},
		{"RUN <<EOF\nalias get='curl -fsSL'\nget -O https://example.com/a\nEOF", "it cannot be read: get is an alias of curl -fsSL, which not every shell takes"},
		{"RUN CURL=/usr/bin/curl && $CURL -fsSLO https://example.com/a", "/usr/bin/curl is called by its path, past depfetch"},
		{"RUN CURL='curl -fsSL' && $CURL -O https://example.com/a", ""},
		{"RUN $(which curl) -fsSLO https://example.com/a", ""},
		{"RUN `command -v curl` -fsSLO https://example.com/a", ""},
		{"RUN command curl -fsSLO https://example.com/a", ""},
		{"RUN echo https://example.com/a | xargs -n1 curl -fsSLO", ""},
		{"RUN flock /tmp/lock curl -fsSLO https://example.com/a", ""},
		{"RUN chronic curl -fsSLO https://example.com/a", ""},
		{"RUN expr \"$(wget -O - https://example.com/a)\" : x", ""},
		{"RUN my-retry curl -fsSLO https://example.com/a", "my-retry may run curl, in a way that is not known"},
		{"RUN parallel wget ::: https://example.com/a https://example.com/b", "parallel may run wget, in a way that is not known"},
		{"RUN script -c 'curl -fsSLO https://example.com/a' && curl -fsSLO https://example.com/b", "script may run curl, in a way that is not known"},
		{"RUN find /x -exec curl -o {} https://example.com/a \\;", "find may run curl, in a way that is not known"},
		{"ARG FETCH\nRUN $FETCH https://example.com/a", "it starts a program whose name is not known: ARG FETCH has no default"},
		{"RUN curl.exe -fsSLO https://example.com/a", "curl.exe is curl under another name, past depfetch"},
		{"RUN <<EOF\r\ncurl -fsSLO https://example.com/a\r\nEOF\r\n", "it cannot be read: it has CRLF line ends, which the shell takes as parts of words"},
		{"RUN cat <<EOF >/x && curl -fsSLO https://example.com/a\r\n$(date)\r\nEOF\r\n", ""},
		{"RUN xargs curl -fsSLO <<EOF\r\nhttps://example.com/a\r\nEOF\r\n", "https://example.com/a\r: the URL holds a space or a control character"},
		{"RUN sh <<EOF && curl -fsSLO https://example.com/b\r\ncurl -fsSLO https://example.com/a\r\nEOF\r\n", "it cannot be read: the script that sh is given: it has CRLF line ends, which the shell takes as parts of words"},
		{"COPY <<EOF /get.sh\r\ncurl -fsSLO https://example.com/a\r\nEOF\r\nRUN sh /get.sh && curl -fsSLO https://example.com/b", "it cannot be read: /get.sh: it has CRLF line ends, which the shell takes as parts of words"},
		{"COPY <<EOF /get.sh\r\ncurl -fsSLO https://example.com/a\r\nEOF\r\nRUN sed -i 's/\\r$//' /get.sh && sh /get.sh", ""},
		{"RUN curl -fsSLO https://example.com/a && \\\r\n  echo b\r\n", ""},
		{"COPY get.sh /\nRUN /get.sh\nRUN curl -fsSLO https://example.com/a", ""},
		{"SHELL [\"pwsh\", \"-c\"]\nRUN curl https://example.com/a", "it cannot be read: SHELL is pwsh"},
		{"SHELL [\"/bin/busybox\", \"sh\", \"-c\"]\nRUN wget https://example.com/a", "its shell is busybox, which may have a wget of its own"},
		{"SHELL [\"/bin/busybox\", \"sh\", \"-c\"]\nRUN curl -fsSLO https://example.com/a", ""},
		{"SHELL [\"/bin/busybox\", \"sh\", \"-c\"]\nSHELL [\"bash\", \"-c\"]\nRUN wget https://example.com/a", ""},
		{"RUN ln -sf /bin/busybox /bin/sh\nRUN wget https://example.com/a", "its shell is busybox, which may have a wget of its own"},
		{"COPY --from=busybox:1.36 /bin/busybox /bin/sh\nRUN wget https://example.com/a", "its shell is busybox, which may have a wget of its own"},
		{"COPY --from=busybox:1.36 /bin/busybox /bin/busybox\nSHELL [\"/bin/ash\", \"-c\"]\nRUN [\"/bin/busybox\", \"ln\", \"-s\", \"/bin/busybox\", \"/bin/ash\"]\nRUN wget https://example.com/a", "its shell is busybox, which may have a wget of its own"},
		{"RUN [\"busybox\", \"sh\", \"-c\", \"wget https://example.com/a\"]", "busybox wget passes depfetch by: busybox has a program of its own"},
		{"RUN --mount=type=secret,id=v,env=V,required=true curl -fsSLO https://example.com/${V:-1}", "an address is not known: V is a secret"},
		{"RUN --mount=type=secret,id=v,env=V curl -fsSLO https://example.com/${V:-1}", ""},
		{"RUN --mount=type=bind,from=tools,source=/curl,target=/usr/local/bin/curl curl -fsSLO https://example.com/a", "it mounts /usr/local/bin/curl, where depfetch would be"},
		{"RUN --mount=type=bind,source=w.sh,target=/usr/bin/curl curl -fsSLO https://example.com/a", "/usr/bin/curl is of the build context, and may do more than download"},
		{"RUN curl() { command curl --retry 3 \"$@\"; }; curl -fsSLO https://example.com/a", ""},
		{"RUN wget() { env wget -q \"$@\"; }; wget https://example.com/latest", "https://example.com/latest moves: its address says latest"},
		{"RUN hash -p /usr/bin/curl curl && curl -fsSLO https://example.com/a", "it cannot be read: hash -p says where a program is"},
		{"RUN bash -lc 'curl -fsSLO https://example.com/a'", "bash -lc curl passes depfetch by: a login shell sets PATH anew"},
		{"RUN bash --login -c 'curl -fsSLO https://example.com/a'", "bash --login curl passes depfetch by: a login shell sets PATH anew"},
		{"RUN bash -ic 'curl -fsSLO https://example.com/a'", "bash -ic curl passes depfetch by: an interactive shell reads files first, which may set PATH anew"},
		{"RUN bash -euxo pipefail -c 'curl -fsSLO https://example.com/a'", ""},
		{"SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-lc\"]\nRUN curl -fsSLO https://example.com/a", "bash -lc curl passes depfetch by: a login shell sets PATH anew"},
		{"SHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN echo location >> ~/.curlrc\nRUN curl -fsSO https://example.com/a", "curl takes options from /root/.curlrc, which is not read"},
		{"RUN echo location >> /root/.curlrc\nRUN wget https://example.com/a && curl -q -fsSLO https://example.com/b", ""},
		{"COPY wgetrc /etc/\nRUN wget https://example.com/a", "wget takes options from /etc/wgetrc, which is not read"},
		{"ENV CURL_HOME=/etc/curl\nRUN curl -fsSLO https://example.com/a", "curl takes options from /etc/curl, which is not read"},
		{"RUN find / -xdev -perm /6000 -exec chmod a-s {} \\; && curl -fsSLO https://example.com/a", ""},
		{"RUN find /usr/local/bin /usr/local/sbin /usr/sbin -type f -exec chmod 755 {} + && curl -fsSLO https://example.com/a", "it changes or copies /usr/sbin, where depfetch would be"},
		{"RUN curl -fsSL https://example.com/a | . /dev/stdin", ""},
		{"RUN python3 - <<P\nimport subprocess\nsubprocess.run(['curl', '-O', 'https://example.com/a'])\nP", "python3 may run curl, in a way that is not known"},
		{"RUN perl -e 'system(\"wget https://example.com/a\")' && wget https://example.com/b", "perl may run wget, in a way that is not known"},
		{"RUN curl --version && my-tool $(x) && $(y) z\nRUN curl -fsSLO https://example.com/a", ""},
		{"RUN cp -a /usr/local /backup && curl -fsSLO https://example.com/a", ""},
		{"RUN cp -a / /backup && curl -fsSLO https://example.com/a", "it changes or copies /usr/sbin, where depfetch would be"},
		{"RUN tar -C / -czf /x.tgz /usr /opt && curl -fsSLO https://example.com/a", "it changes or copies /usr/sbin, where depfetch would be"},
		{"RUN cp $(which curl) /rootfs/ && curl -fsSLO https://example.com/a", "cp takes the program that is found, which would be depfetch"},
		{"RUN conda run -n x curl -fsSLO https://example.com/a", "conda may run curl, in a way that is not known"},
		{"RUN npm run build && curl -fsSLO https://example.com/a", ""},
		{"RUN . /opt/conda/etc/profile.d/conda.sh && conda activate x && curl -fsSLO https://example.com/a", "it activates an environment, which may have a curl or wget of its own"},
		{"RUN source activate x && curl -fsSLO https://example.com/a", "it activates an environment, which may have a curl or wget of its own"},
		{"RUN conda activate && curl -fsSLO https://example.com/a", "it activates an environment, which may have a curl or wget of its own"},
		{"ENV PATH=/opt/conda/bin:$PATH\nRUN bash /m.sh -p /opt/conda\nRUN conda activate base && curl -fsSLO https://example.com/a", ""},
		{"RUN . /etc/profile && curl -fsSLO https://example.com/a", "it reads /etc/profile, which may set PATH anew"},
		{"RUN source ~/.bashrc && curl -fsSLO https://example.com/a", "it reads /root/.bashrc, which may set PATH anew"},
		{"RUN . ~/.cargo/env && curl -fsSLO https://example.com/a", ""},
		{"RUN . /opt/venv/bin/activate && curl -fsSLO https://example.com/a", ""},
		{"RUN if curl https://example.com/a; then", "it cannot be read: reading the shell script: 1:32: `then` must be followed by a statement list"},
		{"ONBUILD RUN curl -fsSLO https://example.com/a", "ONBUILD downloads in another build"},
		{"ONBUILD ADD https://example.com/a /a", "ONBUILD downloads in another build"},
		{"ONBUILD RUN apt-get install -y curl && echo https://example.com/a\nRUN curl -fsSLO https://example.com/a", ""},
		{"ONBUILD RUN curl -fsSLO https://example.com/a\nFROM base\nRUN true", "ONBUILD downloads in each stage and build that begins with this one"},
		{"ONBUILD ENV V=latest\nFROM base\nARG V=1\nRUN curl -fsSLO https://example.com/$V", "https://example.com/latest moves: its address says latest"},
		{"ONBUILD WORKDIR /usr/local/bin\nFROM base\nRUN echo x > curl\nFROM debian\nRUN curl -fsSLO https://example.com/a", ""},
		{"ONBUILD WORKDIR /usr/local/bin\nFROM base AS b\nRUN echo x > curl\nFROM b\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is written by a RUN, and may do more than download"},
		{"ONBUILD COPY w /usr/local/bin/curl\nFROM base\nRUN curl -fsSLO https://example.com/a", "/usr/local/bin/curl is of the build context, and may do more than download"},
		{"ADD https://example.com/a /a", ""},
		{"ARG TARGETARCH\nADD https://example.com/$TARGETARCH /a", "its address is another on each platform, and --checksum is one sum"},
		{"ADD https://example.com/a https://example.com/b /c/", "it has several sources, and --checksum is of one"},
		{"ADD https://github.com/o/r.git#v1 /r", "it takes a repository"},
		{"RUN curl -fsSLo c https://example.com/a && bash c -p /opt/conda && export PATH=/opt/conda/bin:$PATH && curl -fsSLO https://example.com/b", "it puts /opt/conda/bin, which may have a curl or wget of its own, into PATH"},
		{"ADD https://example.com/r.git?ref=v1&keep-git-dir=true /r", "it takes a repository"},
		{"RUN install-conda /opt/conda\nENV PATH=/opt/conda/bin:$PATH\nRUN chown -R app /opt/conda && curl -fsSLO https://example.com/a", "it changes or copies /opt/conda/bin, where depfetch would be"},
		{"ADD https://example.com/latest.tgz /a", "https://example.com/latest.tgz moves: its address says latest"},
	} {
		r := read(t, "FROM debian:12 AS base\n"+test.lines+"\n")
		var got []string
		adopt := false
		note := func(v sync.Verdict) {
			adopt = adopt || v.Adopt
			for _, reason := range v.Reasons {
				got = append(got, reason.What)
			}
		}
		for _, run := range r.Runs {
			note(run.Judge(everything{}))
		}
		for _, a := range r.Adds {
			note(a.Judge(everything{}))
		}
		note(sync.Verdict{Reasons: r.Left})
		if s := strings.Join(got, "; "); s != test.want || adopt != (test.want == "") {
			t.Errorf("%s\n got %q, adopted %v\nwant %q", test.lines, s, adopt, test.want)
		}
	}
}

// TestDir holds where depfetch is mounted: before each curl that may be there, and
// not where the mount would make a folder that the image does not have.
func TestDir(t *testing.T) {
	const curl = "RUN curl -fsSLO https://example.com/a"
	for _, test := range []struct{ lines, want string }{
		{curl, "/usr/local/bin"},
		{"ENV PATH=/opt/conda/bin:$PATH\n" + curl + " && bash a -b -p /opt/conda", "/usr/local/bin"},
		{"ENV PATH=/opt/conda/bin:$PATH\nRUN bash /a -b -p /opt/conda\n" + curl, "/opt/conda/bin"},
		{"ENV CONDA=/opt/conda\nENV PATH=$CONDA/bin:$PATH\nRUN bash /a -b -p ${CONDA}\n" + curl, "/opt/conda/bin"},
		{"ENV PATH=/opt/conda/bin:$PATH\nRUN ls /opt/conda-1\n" + curl, "/usr/local/bin"},
		{"ENV PATH=/opt/t/bin:$PATH\nCOPY t /opt/t/\n" + curl, "/opt/t/bin"},
		{"ENV PATH=/root/.goenv/shims:$PATH\nRUN git clone https://example.com/g.git /root/.goenv\n" + curl, "/usr/local/bin"},
		{"ENV PATH=/home/a/.local/bin:$PATH\nRUN mkdir /home/a/.local\n" + curl, "/usr/local/bin"},
		{"ENV PATH=/home/a/bin:$PATH\nRUN mkdir /home/a/bin\n" + curl, "/home/a/bin"},
		{"RUN export PATH=/opt/t/bin:$PATH && mkdir /opt/t && curl -fsSLO https://example.com/a", "/usr/local/bin"},
	} {
		runs := read(t, "FROM debian:12\n"+test.lines+"\n").Runs
		if run := runs[len(runs)-1]; run.Dir != test.want || !run.Judge(everything{}).Adopt {
			t.Errorf("%s\n got %q, %v; want %q", test.lines, run.Dir, run.Judge(everything{}), test.want)
		}
	}
}

// TestDirOfOwn holds that depfetch is not mounted where the RUN puts a curl of its own.
func TestDirOfOwn(t *testing.T) {
	const get = "RUN curl -fsSL https://example.com/a "
	for _, test := range []struct{ lines, want string }{
		{get + "| tar -xJC /usr/local/bin curl", "/usr/local/sbin"},
		{get + "| tar -xz -C /usr/local/bin ./curl", "/usr/local/sbin"},
		{get + "| tar -xz --directory=/usr/local/bin", "/usr/local/bin"},
		{get + "-o a.zip && unzip a.zip curl -d /usr/local/bin", "/usr/local/sbin"},
		{get + "| tar -xz -C /usr/local/bin jq", "/usr/local/bin"},
		{get + "| tar -xzC /usr/local/bin --wildcards 'curl*'", "/usr/local/sbin"},
		{get + "&& cp -a /usr/local/bin /backup", "/usr/local/sbin"},
		{get + "&& cp -a /usr/local/lib /src/. /usr/local/bin/", "/usr/local/bin"},
		{get + "&& cp /usr/local/bin/* /rootfs/", "/usr/local/sbin"},
		{get + "&& tar czf /x.tgz /usr/local/bin", "/usr/local/sbin"},
		{get + "-o x.tgz && tar xzf x.tgz /usr/local/bin", "/usr/local/bin"},
		{get + "&& strip /usr/local/bin/*", "/usr/local/sbin"},
		{get + "&& rsync -a --delete /src/ /usr/local/bin", "/usr/local/sbin"},
		{get + "&& find /usr/local/bin -type f -exec chmod 755 {} +", "/usr/local/sbin"},
		{get + "&& find /usr/local/bin -type f -exec strip {} ';'", "/usr/local/bin"},
		{get + "-o /usr/local/bin/curl", "/usr/local/sbin"},
		{"RUN curl -fsSLO https://example.com/curl-8.1.tar.gz && tar -xf curl-8.1.tar.gz && cd curl-8.1 && ./configure && make install", "/usr/local/sbin"},
		{"RUN curl -fsSLO https://example.com/curl-8.1.tar.gz && tar -xf curl-8.1.tar.gz", "/usr/local/bin"},
		{"RUN wget https://example.com/curl-8.1.tar.gz && tar -xf curl-8.1.tar.gz && make -C curl install", "/usr/local/bin"},
	} {
		run := read(t, "FROM debian:12\n"+test.lines+"\n").Runs[0]
		if run.Dir != test.want || !run.Judge(everything{}).Adopt {
			t.Errorf("%s\n got %q, %v; want %q", test.lines, run.Dir, run.Judge(everything{}), test.want)
		}
	}
}

// TestBaseVariables holds that the variables of a base are those of its stages, until an
// ENV sets them, and hide ARGs.
func TestBaseVariables(t *testing.T) {
	f := parse(t, "Dockerfile", "ARG BASE=debian\nFROM $BASE AS a\nARG V=3\nRUN curl -O https://example.com/$V\nFROM a\nENV V=2\nRUN curl -O https://example.com/$V\nFROM other\nRUN curl -O https://example.com/$V\n")
	r := sync.Read(f, sync.Options{Platforms: platforms, Base: func(image string) *sync.Base {
		if image != "$BASE" {
			return nil
		}
		return &sync.Base{Env: []string{"PATH=/usr/local/bin:/bin", "V=1"}, OnBuild: []string{"RUN wget https://example.com/onbuild", "ENV V=4", "ADD https://example.com/a /a"}}
	}})
	var got []string
	for _, q := range r.Requests() {
		got = append(got, q.URL+q.Unknown)
	}
	want := []string{"https://example.com/4", "https://example.com/2", "V is not set in this Dockerfile"}
	if !slices.Equal(got, want) {
		t.Errorf("asked for %q; want %q", got, want)
	}
	left := []sync.Reason{{At: 16, What: "an ONBUILD of its base downloads", Hint: sync.HintOnbuild}}
	if !slices.Equal(r.Left, left) {
		t.Errorf("left is %v; want %v", r.Left, left)
	}
}

// TestLongPath holds that a PATH that grows with each instruction is given up.
func TestLongPath(t *testing.T) {
	var b strings.Builder
	b.WriteString("FROM debian:12\n")
	for i := range 100 {
		fmt.Fprintf(&b, "ENV PATH=/opt/t%d/bin:$PATH\nRUN curl -fsSLO https://example.com/t-1.2.%d.tgz\n", i, i)
	}
	runs := read(t, b.String()).Runs
	if v := runs[len(runs)-1].Judge(everything{}); v.Adopt || v.Reasons[0].What != "its PATH has too many folders" {
		t.Errorf("got %v", v)
	}
}

// TestEditVendor holds that a Dockerfile adopted before takes depfetch from the build
// context once that is asked for, on each platform, and comes back byte for byte.
func TestEditVendor(t *testing.T) {
	const text = `FROM --platform=$BUILDPLATFORM debian:12 AS build
RUN curl -fsSLO https://example.com/a
FROM --platform=linux/arm64 debian:12 AS arm
RUN curl -fsSLO https://example.com/a
FROM debian:12
RUN wget https://example.com/b
`
	vendor := sync.Source{Vendor: ".depfetch", Lock: "deps.lock.toml"}
	var pins everything
	edit := func(text string, source sync.Source) string {
		return string(read(t, text).Edit(source, pins))
	}
	sorted := func(text string) string {
		lines := strings.Split(text, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	before := edit(text, sync.Source{From: "depfetch", Lock: "deps.lock.toml"})
	after := edit(before, vendor)
	if want := edit(text, vendor); sorted(after) != sorted(want) {
		t.Errorf("got\n%s\nwant, but for the order of stages,\n%s", after, want)
	}
	if twice := edit(after, vendor); twice != after {
		t.Errorf("edited twice:\n%s", twice)
	}
	if again := read(t, after); string(again.Undo(pins)) != text {
		t.Errorf("after Undo:\n%s", again.Undo(pins))
	}
	image := edit(text, sync.Source{From: "example.org/depfetch:1", Lock: "deps.lock.toml"})
	if got := edit(image, vendor); got != image {
		t.Errorf("an image is as good in a plain build, and was replaced:\n%s", got)
	}
	numbered := edit("FROM debian:12\nRUN curl -fsSLO https://example.com/a\nFROM scratch\nCOPY --from=0 /a /\n", sync.Source{From: "depfetch", Lock: "deps.lock.toml"})
	if got := edit(numbered, vendor); got != numbered {
		t.Errorf("a stage was put before those that are counted:\n%s", got)
	}
}
