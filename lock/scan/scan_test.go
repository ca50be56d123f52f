package scan

import (
	"fmt"
	"strings"
	"testing"

	"depfetch/lock/dockerfile"
)

const sum = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"

// findings returns a line for each finding in a file.
func findings(t *testing.T, text string, opts Options) []string {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range lines(File(f, opts), "") {
		got = append(got, strings.TrimPrefix(line, "Dockerfile:"))
	}
	return got
}

// lines writes findings as lines; files are named as they are below dir.
func lines(all []Finding, dir string) []string {
	var got []string
	for _, x := range all {
		file := strings.TrimPrefix(x.File, dir+"/")
		got = append(got, fmt.Sprintf("%s:%d:%d %s %s: %s", file, x.Start.Line, x.Start.Col, x.Level, x.Rule.ID, x.Message))
	}
	return got
}

func TestRules(t *testing.T) {
	// What each test begins and ends with has no findings of its own.
	const (
		from = "FROM a@sha256:" + sum + "\n"
		user = "USER 1\n"
	)
	for _, test := range []struct{ name, file, want string }{
		{"checked", "RUN curl -fo /a https://h/a && echo '" + sum + "  /a' | sha256sum -c", ""},
		{"unverified", "RUN curl -fo /a https://h/a?token=b", "2:5 error unverified: curl downloads https://h/a?token=REDACTED, and nothing checks what arrives"},
		{"per architecture", "RUN case $(uname -m) in x86_64) curl -fo /a https://h/a && echo '" + sum + "  /a' | sha256sum -c ;; aarch64) curl -fo /a https://h/b ;; esac",
			"2:163 error unverified: curl downloads https://h/b, and nothing checks what arrives"},
		{"in another build", "ONBUILD RUN curl -f https://h/a | sh", "2:13 error pipe-to-shell: sh runs what https://h/a sends, unseen"},
		{"in another build, on several lines", "ONBUILD RUN true && \\\n  wget -O /a https://h/a", "3:3 error unverified: wget downloads https://h/a, and nothing checks what arrives"},
		{"in another build, by ADD and COPY", "ONBUILD ADD https://h/a /a\nONBUILD COPY --from=b /x /", "2:13 error add-unverified: ADD downloads https://h/a, and nothing checks what arrives\n3:21 warning unpinned-image: COPY --from b has no digest"},
		{"a key", "RUN curl -f https://h/a | apt-key add -", "2:5 error unverified: curl downloads https://h/a, and apt-key takes it unchecked"},
		{"a package of an address", "RUN dnf install -y https://h/a.rpm", "2:5 error unverified: dnf downloads https://h/a.rpm, and nothing checks what arrives"},
		{"a list and what is checked with it", "RUN wget https://h/a https://h/S && grep a S | sha256sum -c", ""},
		{"no download", "RUN curl -fsS -o /dev/null https://h/", ""},
		{"lost", "RUN curl -fo /a https://h/a; echo '" + sum + "  /a' | sha256sum -c || true", "2:108 error ineffective-check: this check of https://h/a cannot fail: what follows || makes up for its failure"},
		{"no -c", "RUN echo '" + sum + "  /a' | sha256sum", "2:83 error ineffective-check: sha256sum without -c prints the sum of its input and compares nothing"},
		{"[ $? ]", "RUN gpg --verify a b; [ $? ]", "2:23 error ineffective-check: [ $? ] is true whatever the status is"},
		{"shell", "RUN curl -f https://h/a | sh", "2:5 error pipe-to-shell: sh runs what https://h/a sends, unseen"},
		{"tar", "RUN wget -O- https://h/a | tar xz", "2:5 error pipe-to-tar: tar unpacks what https://h/a sends, unchecked"},
		{"used", "RUN wget -O a https://h/a && tar xzf a && echo '" + sum + " a' | sha256sum -c", "2:30 warning used-before-check: tar reads what https://h/a sends before it is checked"},
		{"insecure", "RUN wget --no-check-certificate -O /a https://h/a && echo '" + sum + "  /a' | sha256sum -c", "2:5 error insecure-tls: --no-check-certificate of wget takes any certificate for https://h/a"},
		{"http", "RUN wget -O /a http://h/a", "2:5 error unverified: wget downloads http://h/a, and nothing checks what arrives\n2:5 warning plain-http: http://h/a comes over plain http"},
		{"http, checked", "RUN wget -O /a http://h/a && echo '" + sum + "  /a' | sha256sum -c", "2:5 note plain-http: http://h/a comes over plain http"},
		{"no -f, checked", "RUN curl -o /a https://h/a && echo '" + sum + "  /a' | sha256sum -c", "2:5 note curl-without-fail: curl takes an error page for https://h/a"},
		{"latest", "RUN wget -O /a https://h/latest/a && echo '" + sum + "  /a' | sha256sum -c", "2:5 warning unpinned-url: https://h/latest/a leads to whatever is newest"},
		{"a branch", "RUN wget -O /a https://raw.githubusercontent.com/o/r/main/a && echo '" + sum + "  /a' | sha256sum -c", "2:5 warning unpinned-url: https://raw.githubusercontent.com/o/r/main/a leads to whatever is newest"},
		{"no branch", "RUN wget -O /a https://h/pool/main/a && echo '" + sum + "  /a' | sha256sum -c", ""},
		{"asked", "RUN V=$(curl -fs https://h/v)", "2:9 warning unpinned-url: what is built depends on what https://h/v answers today"},
		{"ADD", "ADD https://h/a /a", "2:5 error add-unverified: ADD downloads https://h/a, and nothing checks what arrives"},
		{"ADD with a checksum", "ADD --checksum=sha256:" + sum + " https://h/a /a", ""},
		{"ADD, checked later", "ADD https://h/a /a\nRUN echo '" + sum + "  /a' | sha256sum -c", ""},
		{"ADD of a repository", "ADD https://h/a.git#v1 /a\nADD https://h/a.git#0123456789012345678901234567890123456789 /b", "2:5 warning add-unverified: ADD takes https://h/a.git#v1 without naming a commit"},
		{"image", "COPY --from=b:1 /a /a\nCOPY --from=alpine /a /a\nCOPY --from=depfetch /a /a\nCOPY --from=named /a /a\nCOPY --from=0 /a /a",
			"2:13 warning unpinned-image: COPY --from b:1 has no digest\n3:13 warning unpinned-image: COPY --from alpine has no digest"},
		{"tools", "RUN apt-get install -y curl=7 wget", "2:5 note tools-left: left in the final stage: curl, wget"},
		{"tools, purged", "RUN apt-get install -y curl && apt-get purge -y curl", ""},
		{"tools, in a group", "RUN apk add --no-cache -t .d curl && apk del .d", ""},
		{"tools, marked", "RUN apt-get install -y wget; apt-mark auto '.*'; apt-get purge -y --auto-remove", ""},
		{"tools, the manager alone", "RUN apt-get update && apt-get install -y git", ""},
		{"root", "USER root", "2:1 warning root-user: the final stage runs as root: USER root is its last"},
		{"not read", "SHELL [\"pwsh\", \"-c\"]\nRUN a\nRUN b", "3:1 note unread-script: this script is not read: SHELL is pwsh"},
		{"ignored instruction", "# deplock ignore=unverified,curl-without-fail why not\nRUN true && \\\n  curl -o /a https://h/a", ""},
		{"ignored line", "RUN true && \\\n  # deplock ignore=unverified\n  curl -fo /a https://h/a && \\\n  curl -fo /b https://h/b", "5:3 error unverified: curl downloads https://h/b, and nothing checks what arrives"},
		{"ignored in a heredoc", "RUN <<E\ncurl -fo /a https://h/a # deplock ignore=unverified\nE", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tail := user
			if strings.HasPrefix(test.file, "USER") {
				tail = ""
			}
			if got := strings.Join(findings(t, from+test.file+"\n"+tail, Options{Contexts: []string{"named"}}), "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestStages(t *testing.T) {
	const file = `ARG BASE=b:1
FROM a AS build
RUN apt-get install curl
USER root
FROM ${BASE}
COPY --from=build /a /a
`
	got := strings.Join(findings(t, file, Options{}), "\n")
	want := strings.Join([]string{
		"2:6 warning unpinned-image: FROM a has no digest",
		"5:6 warning unpinned-image: FROM b:1 has no digest",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := findings(t, file, Options{Ignore: []string{"unpinned-image", "root-user"}}); len(got) > 0 {
		t.Errorf("not ignored: %q", got)
	}
}
