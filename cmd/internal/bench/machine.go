//go:build bench

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// machine describes what the numbers were measured on.
func (b *Bench) machine() string {
	var out strings.Builder
	fmt.Fprintf(&out, "- %d cores, %s; %s/%s; %s\n", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, name := range slices.Concat(b.config.Needs, b.config.Optional) {
		fmt.Fprintf(&out, "- %s\n", version(name))
	}
	fmt.Fprintf(&out, "- load average %s before, %s after; %d of %d runs began while other programs kept the machine busy\n",
		b.load, loadAverage(), b.busy, b.started)
	return out.String()
}

// processor is the name of the CPU, and whether it has what makes sha256 fast.
func processor() string {
	cpu := "unknown CPU"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	if strings.Contains(string(info), " sha_ni") {
		cpu += " with SHA-NI"
	}
	return cpu
}

// version is the first line of what a program says about itself.
func version(name string) string {
	path := LookPath(name)
	if path == "" {
		return name + ": not installed"
	}
	flag := "--version"
	if name == "nginx" {
		flag = "-v"
	}
	said, _ := exec.Command(path, flag).CombinedOutput()
	first, _, _ := strings.Cut(string(said), "\n")
	return first
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}

// availableMemory is what programs can have without swapping (proc(5),
// /proc/meminfo), or 0 if that cannot be told.
func availableMemory() int64 {
	info, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(info)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}
