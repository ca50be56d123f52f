package record_test

import (
	"slices"
	"strings"
	"testing"

	"depfetch/lock/dockerfile"
	"depfetch/lock/record"
)

func TestMounted(t *testing.T) {
	const (
		bin   = "--mount=type=bind,from=S,source=deplock,target=/usr/local/bin/"
		here  = "--mount=type=bind,from=S,source=record,target=/.deplock-record --mount=type=cache,id=ID,target=/.deplock-journal,mode=0777 "
		both  = bin + "curl " + bin + "wget "
		all   = both + here
		final = "FROM scratch AS deplock-record\nARG TARGETARCH\nARG TARGETVARIANT\nCOPY --from=deplock-record-kit deplock-linux-$TARGETARCH$TARGETVARIANT /deplock\nCOPY --from=deplock-record-kit record /record\n"
	)
	at := func(flags, stage string) string { return strings.ReplaceAll(flags, "from=S,", "from="+stage+",") }
	run := at(all, "deplock-record")
	for name, test := range map[string]struct{ before, after string }{
		"shell, exec and a heredoc": {
			"ARG A\nFROM a\nRUN x\nRUN [\"x\"]\nrun <<EOF\nx\nEOF\n",
			"ARG A\n" + final + "FROM a\nRUN " + run + "x\nRUN " + run + "[\"x\"]\nrun " + run + "<<EOF\nx\nEOF\n",
		},
		"comments and continuations": {
			"FROM a\nRUN \\\n  # why\n  --network=none \\\n  x\n",
			final + "FROM a\nRUN \\\n  # why\n  " + run + "--network=none \\\n  x\n",
		},
		"what is mounted already": {
			"FROM a\nRUN --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl x\n",
			final + "FROM a\nRUN " + at(strings.Replace(bin, "/bin/", "/sbin/", 1)+"curl "+bin+"wget "+here, "deplock-record") +
				"--mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl x\n",
		},
		"called by its path": {
			"FROM a\nRUN /usr/bin/curl x; /usr/bin/curl y; /opt/bin/curl z\nRUN apk add curl && /usr/bin/curl x\n",
			final + "FROM a\nRUN " + at(both+strings.Replace(bin, "/usr/local/bin/", "/usr/bin/curl ", 1)+here, "deplock-record") +
				"/usr/bin/curl x; /usr/bin/curl y; /opt/bin/curl z\nRUN " + run + "apk add curl && /usr/bin/curl x\n",
		},
		"numbers of stages": {
			"FROM a\nRUN x\nFROM b\nCOPY --from=0 /x /\nCOPY --from=9 /x /\n",
			final + "FROM a\nRUN " + run + "x\nFROM b\nCOPY --from=1 /x /\nCOPY --from=9 /x /\n",
		},
		"no RUN": {"FROM a\nCOPY --from=0 x /\n", "FROM a\nCOPY --from=0 x /\n"},
	} {
		f, err := dockerfile.Parse("Dockerfile", []byte(test.before))
		if err != nil {
			t.Fatal(err)
		}
		r, err := record.Mounted(f, "ID")
		if err != nil || string(r.Text) != test.after {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, r.Text, test.after)
		}
	}

	f, err := dockerfile.Parse("Dockerfile", []byte("FROM --platform=$BUILDPLATFORM a AS one\nRUN x\nFROM one\nRUN y\nFROM --platform=linux/arm/v7 a\nRUN z\nFROM --platform=$TARGETPLATFORM b\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Mounted(f, "ID")
	if err != nil || r.Target || !r.Build || !slices.Equal(r.Platforms, []string{"linux/arm/v7"}) {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, want := range []string{
		"AS deplock-record\nARG BUILDARCH\nARG BUILDVARIANT\nCOPY --from=deplock-record-kit deplock-linux-$BUILDARCH$BUILDVARIANT /deplock\n",
		"AS deplock-record-1\nCOPY --from=deplock-record-kit deplock-linux-armv7 /deplock\n",
		"RUN " + run + "x\n", "RUN " + run + "y\n", "RUN " + at(all, "deplock-record-1") + "z\n",
	} {
		if !strings.Contains(string(r.Text), want) {
			t.Errorf("no %q in\n%s", want, r.Text)
		}
	}
	if f, err = dockerfile.Parse("Dockerfile", []byte("FROM --platform=$P a\nRUN x\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := record.Mounted(f, "ID"); err == nil || !strings.Contains(err.Error(), "Dockerfile:1: which program records in a stage with --platform=$P is not known") {
		t.Errorf("got %v", err)
	}
}
