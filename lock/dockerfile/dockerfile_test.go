package dockerfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

const sum = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"

// trace returns a line for each download: where it stands, what of the file is
// there, and what is known about it.
func trace(t *testing.T, text string, p lock.Platform) []string {
	t.Helper()
	f, err := Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range f.Trace(p).Stages {
		for _, a := range s.Adds {
			pos := f.Position(a.At)
			line := fmt.Sprintf("%d:%d ADD %s > %s", pos.Line, pos.Col, a.URL.Text, a.Fetch.Output)
			if a.Checksum != "" {
				line += fmt.Sprintf(" %.11s", a.Checksum)
			}
			got = append(got, line)
		}
		for _, x := range script.Downloads(s.Events) {
			if x.Tool == "ADD" {
				continue
			}
			pos := f.Position(x.Start)
			word, _, _ := strings.Cut(string(f.Data[x.Start:]), " ")
			line := fmt.Sprintf("%d:%d %s %s > %s", pos.Line, pos.Col, word, x.URL.Text, x.Output)
			if x.Verified() {
				line += " checked"
			}
			if !x.URL.Known() {
				line += " (" + x.URL.Why + ")"
			}
			got = append(got, line)
		}
		for _, u := range s.Unread {
			got = append(got, fmt.Sprintf("%d unread: %s", f.Position(u.At).Line, u.Why))
		}
	}
	return got
}

func TestTrace(t *testing.T) {
	for _, test := range []struct {
		name, file string
		platform   lock.Platform
		want       []string
	}{
		{name: "continuations, comments, columns", file: `FROM a
# é
RUN set -ex; \
    # a comment
	  é=1; \

    curl -fo /a \
      # another
      "https://h/a" && \
    echo "` + sum + `  /a" | sha256sum -c
`, want: []string{"7:5 curl https://h/a > /a checked"}},
		{name: "scope of ARG and ENV", file: `ARG VERSION=1
ARG BASE=a
FROM $BASE AS one
ARG VERSION
ARG FULL=$VERSION.2
ENV URL=https://h/$FULL DIR=/opt
ENV URL=$URL/x
WORKDIR $DIR
RUN curl -fO $URL
FROM one
RUN curl -fO $URL-$VERSION
FROM b
RUN curl -fO https://h/$VERSION
`, want: []string{"9:5 curl https://h/1.2/x > /opt/x", "11:5 curl https://h/1.2/x-1 > /opt/x-1", "13:5 curl https://h/${VERSION} > ${VERSION} (VERSION is not set in this Dockerfile)"}},
		{name: "ENV wins over ARG", file: "FROM a\nENV V=1\nARG V=2\nRUN curl -fO https://h/$V\n", want: []string{"4:5 curl https://h/1 > /1"}},
		{name: "no default", file: "FROM a\nARG V\nRUN curl -fo /a https://h/$V && curl -fo /b https://h/${V:-3}\n",
			want: []string{"3:5 curl https://h/${V} > /a (ARG V has no default)", "3:33 curl https://h/3 > /b"}},
		{name: "platform", platform: "linux/arm/v7", file: "FROM a\nARG TARGETARCH TARGETVARIANT TARGETPLATFORM\nRUN curl -fo /a https://h/$TARGETPLATFORM/$TARGETARCH$TARGETVARIANT\n",
			want: []string{"3:5 curl https://h/linux/arm/v7/armv7 > /a"}},
		{name: "undeclared platform", file: "FROM a\nRUN curl -fo /a https://h/$TARGETARCH\n", want: []string{"2:5 curl https://h/${TARGETARCH} > /a (TARGETARCH is not set in this Dockerfile)"}},
		{name: "heredoc", file: "FROM a\nRUN <<EOF\nset -e\ncurl -fo /a https://h/a\nEOF\nRUN echo\n", want: []string{"4:1 curl https://h/a > /a"}},
		{name: "heredoc of bash", file: "FROM a\nRUN --mount=type=cache,target=/c <<-'EOF'\n\t#!/bin/bash -e\n\twget https://h/{a,b}\n\tEOF\n",
			want: []string{"4:2 wget https://h/{a,b} > /{a,b} (what its braces are depends on the shell)"}},
		{name: "heredoc with a name of its shell", file: "FROM a\nRUN <<EOF\n#!/usr/bin/env bash\nwget https://h/{a,b}\nEOF\n", want: []string{"4:1 wget https://h/a > /a", "4:1 wget https://h/b > /b"}},
		{name: "heredoc for an interpreter", file: "FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint()\nEOF\n", want: []string{"2 unread: it is a script for python3"}},
		{name: "heredoc to a command", file: "FROM a\nRUN bash -e <<EOF && wget https://h/b\nwget https://h/a\nEOF\n", want: []string{"2:5 bash https://h/a > /a", "2:22 wget https://h/b > /b"}},
		{name: "heredoc to a file", file: "FROM a\nRUN cat <<EOF > /sums && curl -fo /a https://h/a && sha256sum -c /sums\n" + sum + "  /a\nEOF\n", want: []string{"2:26 curl https://h/a > /a checked"}},
		{name: "SHELL", file: "FROM a\nSHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN wget https://h/{a,b}; echo '" + sum + " a' | sha256sum -c | cat; rm a\n",
			want: []string{"3:5 wget https://h/a > /a checked", "3:5 wget https://h/b > /b"}},
		{name: "PowerShell", file: "# escape=`\nFROM a\nSHELL [\"powershell\", \"-Command\"]\nRUN Invoke-WebRequest `\n  https://h/a\n", want: []string{"4 unread: SHELL is powershell"}},
		{name: "escape", file: "# escape=`\nFROM a\nRUN true && `\n  curl -fo /a https://h/a\n", want: []string{"4:3 curl https://h/a > /a"}},
		{name: "exec form", file: "FROM a\nRUN [\"curl\", \"-fo\", \"/a\", \"https://h/$A\"]\n", want: []string{"2:1 RUN https://h/$A > /a"}},
		{name: "exec form of a shell", file: "FROM a\nRUN [\"sh\", \"-c\", \"curl -fo /a https://h/a\"]\n", want: []string{"2:1 RUN https://h/a > /a"}},
		{name: "ADD", file: "FROM a\nARG V=1\nWORKDIR /w\nADD https://h/$V/a.tgz ./\nADD --checksum=sha256:" + sum + " https://h/b /b\nADD [\"https://h/c\", \"/c/\"]\nADD d /d\n",
			want: []string{"4:5 ADD https://h/1/a.tgz > /w/a.tgz", "5:88 ADD https://h/b > /b sha256:8b8f", "6:7 ADD https://h/c > /c/c"}},
		{name: "windows line ends", file: "FROM a\r\nRUN true && \\\r\n  curl -fo /a https://h/a\r\n", want: []string{"3:3 curl https://h/a > /a"}},
		{name: "byte order mark", file: "\ufeffFROM a\nRUN curl -fo /a https://h/a\n", want: []string{"2:5 curl https://h/a > /a"}},
		{name: "no script", file: "FROM a\nRUN if (( ;\n", want: []string{"2 unread: reading the shell script: 1:4: `((` must be followed by an expression"}},
		{name: "a stage that an ARG names", file: "FROM a AS b-amd64\nENV V=1\nFROM a AS b-arm64\nENV V=2\nFROM b-$TARGETARCH\nRUN wget https://h/$V\n", want: []string{"6:5 wget https://h/1 > /1"}},
		{name: "an ENV that grows", file: "FROM a\nENV A=aaaaaaaa\n" + strings.Repeat("ENV A=$A$A$A$A\n", 13) + "RUN wget https://h/$A/t\n", want: []string{"16:5 wget https://h/$A$A$A$A…/t > /t (it is too long)"}},
		{name: "braces that grow", file: "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN echo " + strings.Repeat("{a,b}", 40) + "; wget https://h/t\n", want: []string{"3:212 wget https://h/t > /t"}},
		{name: "a check in the next RUN", file: "FROM a\nRUN curl -fo /a https://h/a\nRUN echo '" + sum + " /a' | sha256sum -c\n", want: []string{"2:5 curl https://h/a > /a checked"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.platform == "" {
				test.platform = "linux/amd64"
			}
			got := trace(t, test.file, test.platform)
			if g, w := strings.Join(got, "\n"), strings.Join(test.want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func TestImages(t *testing.T) {
	const file = `ARG TAG=3.20
ARG BASE="debian:12"
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
FROM ${BASE} AS base
FROM alpine:$TAG
FROM scratch AS none
FROM build
COPY --from=build /a /a
COPY --from=0 /a /a
COPY --chown=1:1 --from=ghcr.io/o/i:1 /a /a
RUN --mount=type=bind,from=o/tool:2,target=/t --mount=type=bind,from=base,target=/b /t/x
FROM $NONE
`
	f, err := Parse("Dockerfile", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, im := range f.Images() {
		pos := f.Position(im.At)
		got = append(got, fmt.Sprintf("%d:%d %s %s %q %t", pos.Line, pos.Col, im.Where, im.Ref.Text, file[im.Start:im.End], im.Ref.Known()))
	}
	want := []string{
		`3:32 FROM golang:1.26 "golang:1.26" true`,
		`4:6 FROM debian:12 "debian:12" true`,
		`5:6 FROM alpine:3.20 "alpine:$TAG" true`,
		`10:25 COPY --from ghcr.io/o/i:1 "ghcr.io/o/i:1" true`,
		`11:28 RUN --mount o/tool:2 "o/tool:2" true`,
		`12:6 FROM $NONE "" false`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "Dockerfile: file with no instructions",
		"RUN a\n":                        "Dockerfile:1: RUN stands before the first FROM",
		"ARG A\n":                        "Dockerfile: no FROM: there is no stage to build",
		"FROM a\n\nNOPE b\n":             "Dockerfile:3: unknown instruction: NOPE",
		"FROM a\nRUN <<EOF\nx\n":         "Dockerfile:2: unterminated heredoc",
		strings.Repeat("FROM a\n", 2000): "Dockerfile:1002: a file of more than",
		"FROM a\nADD --x=y b c\n":        "Dockerfile:2: unknown flag: --x",
	} {
		_, err := Parse("Dockerfile", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzTrace holds that nothing makes the reading crash or leave the file, and that
// instructions are joined as BuildKit joins them.
func FuzzTrace(f *testing.F) {
	names, err := filepath.Glob("../../examples/*/Dockerfile")
	if err != nil || len(names) == 0 {
		f.Fatalf("no examples to begin with: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("FROM a\nRUN set -e; case $(uname -m) in x86_64) u=x ;; *) exit 1 ;; esac; \\\n\n # c\n curl -fo a https://h/$u | sh\n"))
	f.Add([]byte("ARG A=1\r\nFROM a\r\nRUN <<-E bash\r\n\tcurl h\r\n\tE\r\nADD http://h/${A:-x} /\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("Dockerfile", data)
		if err != nil {
			return
		}
		for _, in := range file.all {
			if in.text.text != in.node.Original {
				t.Errorf("joined %q, BuildKit has %q", in.text.text, in.node.Original)
			}
			for i, at := range in.text.offsets[:len(in.text.text)] {
				if at >= len(data) || data[at] != in.text.text[i] {
					t.Fatalf("byte %d of %q is not at %d", i, in.text.text, at)
				}
			}
		}
		inside := func(at int) {
			if at < 0 || at > len(data) {
				t.Errorf("%d is outside the file", at)
			}
		}
		for _, s := range file.Trace("linux/arm64").Stages {
			for _, x := range script.Downloads(s.Events) {
				inside(x.Start)
				inside(x.End)
				if x.URL.Known() && x.URL.Text == "" {
					t.Error("a known address is empty")
				}
			}
		}
		for _, im := range file.Images() {
			inside(im.Start)
			inside(im.End)
		}
	})
}

func TestSources(t *testing.T) {
	f, err := Parse("Dockerfile", []byte("FROM a\nCOPY a ./b/ /\nCOPY --from=x c /\nADD https://h/f $d e* /\nRUN --mount=type=bind,source=f,target=/f --mount=type=cache,target=/g x\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(f.Sources(), " "), "a b e* f"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
