package script

import (
	"regexp"
	"slices"
	"strings"
)

// interpreters are the programs whose scripts are looked through for downloads, with
// the options that hold a script and those that take another argument.
var interpreters = map[string]struct{ code, other string }{
	"python": {"-c", "-W -X -m"}, "python2": {"-c", "-W -X -m"}, "python3": {"-c", "-W -X -m"}, "pypy3": {"-c", "-W -X -m"},
	"perl": {"-e -E -we -wE -le -lE -ne -pe -MLWP::Simple", "-I"}, "ruby": {"-e", "-I -r"}, "node": {"-e --eval -p --print", "-r --require"},
	"php": {"-r", "-d -c"}, "Rscript": {"-e", ""}, "R": {"-e", ""}, "bun": {"-e --eval", ""}, "lua": {"-e", "-l"},
	"pwsh": {"-c -command -Command", "-ExecutionPolicy"}, "powershell": {"-c -command -Command", "-ExecutionPolicy"},
	"java": {"", ""}, "deno": {"", ""},
}

// evalInterpreter evaluates a program that runs a script of its own language.
func evalInterpreter(m *Machine, c *call) status {
	language, ok := interpreters[c.name]
	if !ok {
		language = interpreters["python3"]
	}
	lists := func(list, a string) bool { return a != "" && strings.Contains(" "+list+" ", " "+a+" ") }
	code, printed := false, 0
	if c.out != nil {
		printed = len(c.out.values)
	}
	powershell := c.name == "pwsh" || c.name == "powershell"
	for i := 0; i < len(c.args); i++ {
		switch a := c.arg(i); {
		case a == "-m" && i+1 < len(c.args) && strings.HasPrefix(c.name, "py"):
			module := c.arg(i + 1)
			if f, ok := m.commands[module]; ok && (module == "pip" || module == "pipx" || module == "uv") {
				inner := *c
				inner.name, inner.args = module, c.args[i+2:]
				return f(m, &inner)
			}
			i = len(c.args)
		case lists(language.code, a) && i+1 < len(c.args) && a != "-MLWP::Simple":
			i++
			text := c.args[i]
			if powershell {
				text = joined(c.args[i:])
				i = len(c.args)
			}
			readCode(m, c, text)
			code = true
		case (a == "-File" || a == "-f") && powershell:
		case lists(language.other, a):
			i++
		case a == "-", strings.HasPrefix(a, "-"):
		case code:
		default:
			p := m.abs(c.args[i])
			if f := m.used(p, c.name, c.start); f != nil {
				m.runs(f, c)
			} else if f, ok := m.file(p); ok && !f.Perhaps && c.args[i].Known() {
				return interpretFile(m, c, c.name, p, f)
			}
			for _, a := range c.args[i+1:] {
				m.used(m.abs(a), c.name, c.start)
			}
			m.query(c)
			return m.unknown(c)
		}
	}
	switch {
	case code:
		if c.in != nil {
			m.query(c)
		}
		if c.out != nil && len(c.out.values) > printed {
			return assumed // it has printed what it downloads
		}
	case c.in != nil && len(c.in.from) > 0:
		m.pipeInto(c, true)
	case c.in != nil:
		readCode(m, c, *c.in)
	}
	return m.unknown(c)
}

// interpretFile looks through a script of another language than the shell's.
func interpretFile(m *Machine, c *call, language, p string, f File) status {
	if f.Why != "" {
		m.unread(c, f.Why)
		return m.unknown(c)
	}
	found := len(m.fetches)
	inner := *c
	if inner.name = language; f.Locate != nil {
		inner.locate = f.Locate
	}
	readCode(m, &inner, Text(f.Text))
	if len(m.fetches) == found {
		m.Log(Unread{At: c.start, Run: m.source.Run, What: p + " is a script for " + language, Language: language})
	}
	return m.unknown(c)
}

var (
	// downloaders are what the scripts of other languages download with.
	downloaders = regexp.MustCompile(`urlretrieve|urlopen|urllib|requests\.(get|request|Session)|httpx\.|http\.client|wget\.download|download_url|` +
		`\bfetch\(|https?\.(get|request)\(|axios|['"]https?['"]\)\.(?:get|request)|LWP|getstore|HTTP::Tiny|open-uri|URI\.open|URI\.parse|Net::HTTP|OpenURI|` +
		`\bcopy\(|file_get_contents|fopen\(|curl_init|readfile\(|download\.file|install\.packages|install_url|source\(|install_github|` +
		`(?i:Invoke-WebRequest|\biwr\b|Invoke-RestMethod|\birm\b|DownloadFile|DownloadString|DownloadData|Start-BitsTransfer|HttpClient)`)
	// literal is an address in a script: what stands before its quote, the address.
	literal = regexp.MustCompile("(?i)([fbru@]{0,2})(?:'((?:https?|ftp)://[^'\\n]*)'|\"((?:https?|ftp)://[^\"\\n]*)\"|`((?:https?|ftp)://[^`\\n]*)`|q[qw]?[({]((?:https?|ftp)://[^)}\\s]*)[)}])")
	// naked is an address without quotes, as PowerShell takes it.
	naked = regexp.MustCompile(`(?i)(?:^|[\s=])((?:https?|ftp)://[^\s'"` + "`" + `;|)]+)`)
	// calls is the beginning of a call that an address is given to first.
	calls = regexp.MustCompile(`(?i)(urlretrieve|urlopen|Request|\.get|\.request|\.download|download_url|fetch|axios|getstore|mirror|open|parse|URI|copy|file_get_contents|fopen|curl_init|readfile|file|packages|source|DownloadFile|DownloadString|DownloadData)\s*[( ]\s*(url\s*=\s*|string\s*|"?GET"?,\s*)?$|-Uri\s+$|(iwr|Invoke-WebRequest|irm|Invoke-RestMethod|-Source)\s+$`)
	// second is the file that follows an address in a call.
	second    = regexp.MustCompile(`^\s*\)?\s*,\s*(?:filename\s*=\s*|destfile\s*=\s*|out\s*=\s*)?[r@]?["']([^"'\n]+)["']`)
	written   = regexp.MustCompile(`(?:\b(?:io\.)?open\(|write_bytes|Path\(|writeFileSync\(|createWriteStream\(|File\.write\(|IO\.copy_stream[^"']*|file_put_contents\(|CURLOPT_FILE[^"']*)\s*["']([^"'\n]+)["']`)
	outFile   = regexp.MustCompile(`(?i)-(?:OutFile|o|Destination)\s+["']?([^\s"';|]+)`)
	runsIt    = regexp.MustCompile(`(?i)\bexec\(|\beval[( ]|instance_eval|\biex\b|Invoke-Expression|\bsource\(`)
	prints    = regexp.MustCompile(`\bprint|stdout|\becho\b|console\.log|\bputs\b|Write-Output|Write-Host`)
	hashes    = regexp.MustCompile(`(?i)hashlib|hash_file|\bhash\(|createHash|Digest::|Digest\(|Get-FileHash|sha(1|256|384|512)|md5`)
	refuses   = regexp.MustCompile(`(?i)\bassert\b|exit|\braise\b|\bdie\b|throw|unlink|abort|stopifnot|unless`)
	hexSum    = regexp.MustCompile(`\b[0-9a-fA-F]{32,128}\b`)
	putInto   = regexp.MustCompile(`\$\{|#\{|\$\(|\$[A-Za-z_{]|%s|%d`)
	algorithm = map[int]string{32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
)

// readCode looks through a script of another language for downloads and checks. Its
// variables are not followed.
func readCode(m *Machine, c *call, text Value) {
	s := text.Text
	if len(s) > maxText {
		m.unread(c, "the script for "+c.name+" is too long")
		return
	}
	if found := CommandLine.FindStringSubmatch(s); found != nil {
		m.Log(MayRun{c.start, m.source.Run, c.name, found[1]})
	}
	var fetched []*Fetch
	if downloaders.MatchString(s) {
		fetched = readAddresses(m, c, text)
	}
	if !hashes.MatchString(s) || !refuses.MatchString(s) {
		return
	}
	check := Check{At: c.start, Kind: CheckSum, Sum: Unknown("", "the script has it from elsewhere"), Lost: m.fate(c.context)}
	if hex := hexSum.FindString(s); algorithm[len(hex)] != "" {
		check.Algo, check.Sum = algorithm[len(hex)], text.with(hex)
		check.Sum.Why = ""
	} else if !strings.Contains(s, "=") {
		return
	}
	for _, f := range fetched {
		m.Log(Checked{Fetch: f, Check: check})
	}
	for _, q := range quoted.FindAllStringSubmatch(s, -1) {
		if f := m.find(m.abs(Text(q[1] + q[2]))); f != nil && !slices.Contains(fetched, f) {
			m.checked(f.Output, check)
		}
	}
}

var quoted = regexp.MustCompile(`'([^'\n]+)'|"([^"\n]+)"`)

// readAddresses notes the downloads of a script of another language.
func readAddresses(m *Machine, c *call, text Value) []*Fetch {
	type found struct {
		url    Value
		at     int
		rest   string
		direct bool
	}
	s := text.Text
	var all []found
	direct := false
	add := func(address, prefix string, start, end int) {
		u := Text(address)
		rest := strings.TrimLeft(s[end:], " \t")
		// What is put together is not known.
		if strings.ContainsAny(strings.ToLower(prefix), "f") && strings.Contains(address, "{") || putInto.MatchString(address) ||
			strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, "%") || strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "'") || strings.HasPrefix(rest, `"`) {
			u = Unknown(address, c.name+" puts it together")
		}
		x := found{u, start, s[end:], calls.MatchString(s[max(0, start-80):start])}
		direct = direct || x.direct
		all = append(all, x)
	}
	for _, i := range literal.FindAllStringSubmatchIndex(s, -1) {
		for g := 2; g <= 5; g++ {
			if i[2*g] >= 0 {
				add(s[i[2*g]:i[2*g+1]], s[i[2]:i[3]], i[0], i[1])
			}
		}
	}
	if len(all) == 0 {
		for _, i := range naked.FindAllStringSubmatchIndex(s, -1) {
			add(s[i[2]:i[3]], "", i[2], i[3])
		}
	}
	if len(all) == 0 {
		m.unread(c, c.name+" downloads from an address that it puts together")
		return nil
	}
	var fetched []*Fetch
	for _, x := range all {
		if direct && !x.direct || len(fetched) == maxRounds {
			continue
		}
		inner := *c
		inner.logged = nil // what its command line asks for is another thing
		if c.locate != nil {
			inner.start = c.locate(x.at)
			inner.end = inner.start
		}
		out := Value{}
		if i := second.FindStringSubmatch(x.rest); i != nil {
			out = Text(i[1])
		} else if w := written.FindAllStringSubmatch(s, -1); len(w) == 1 && len(all) == 1 && !strings.Contains(w[0][1], "://") {
			out = Text(w[0][1])
		} else if w := outFile.FindStringSubmatch(x.rest); w != nil {
			out = Text(w[1])
		}
		f := m.request(&inner, Fetch{Tool: c.name, URL: x.url})
		if f == nil {
			continue
		}
		fetched = append(fetched, f)
		if out.Text == "" && (c.out == nil || !prints.MatchString(s) || runsIt.MatchString(s)) {
			m.Log(Piped{Fetch: f, At: inner.start, Into: c.name, Runs: runsIt.MatchString(s)})
			f.consumed = true
		} else {
			m.deliver(&inner, f, out)
		}
	}
	return fetched
}

// joined returns words with a blank between.
func joined(words []Value) Value {
	var parts []Value
	for i, w := range words {
		if i > 0 {
			parts = append(parts, Text(" "))
		}
		parts = append(parts, w)
	}
	return join(parts...)
}
