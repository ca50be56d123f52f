package sync_test

import (
	"testing"
)

// TestWindows holds that nothing is adopted where a build runs on Windows: its programs
// are not those of Linux, and its docker build knows no ADD --checksum.
func TestWindows(t *testing.T) {
	const (
		run = "it runs on Windows, and depfetch is a program of Linux"
		add = "it is built on Windows, whose docker build knows no --checksum"
	)
	for _, test := range []struct{ file, want string }{
		{"FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN curl.exe -fSLo a.zip https://example.com/a.zip", run},
		{"FROM mcr.microsoft.com/windows:1809\nRUN curl -fSLo a.zip https://example.com/a.zip", run},
		{"FROM mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-1809 AS x\nFROM x\nRUN curl -fSLo a.zip https://example.com/a.zip && tar -xf a.zip", run},
		{"ARG TAG=3.12-windowsservercore\nFROM python:$TAG\nRUN curl -fSLo a.zip https://example.com/a.zip", run},
		{"FROM --platform=windows/amd64 example.com/tools\nRUN curl -fSLo a.zip https://example.com/a.zip", run},
		{"# escape=`\nFROM example.com/node-windows:20\nRUN curl -fSLo a.zip `\n  https://example.com/a.zip", run},
		{"FROM golang:nanoserver\nSHELL [\"powershell\"]\nRUN curl https://example.com/a.zip -OutFile a.zip", run},
		{"FROM mcr.microsoft.com/windows/nanoserver:1809\nADD https://example.com/a.exe /a.exe\nRUN a.exe", add},
		{"FROM mcr.microsoft.com/windows/servercore:1809 AS s\nRUN dir\nFROM mcr.microsoft.com/windows/nanoserver:1809\nADD https://example.com/a.exe /", add},

		// BuildKit on Linux puts files into images of Windows.
		{"FROM mcr.microsoft.com/windows/nanoserver:1809\nADD https://example.com/a.exe /a.exe", ""},
		{"FROM --platform=linux/amd64 debian:12 AS get\nRUN curl -fSLo /a.exe https://example.com/a.exe\nFROM mcr.microsoft.com/windows/nanoserver:1809\nCOPY --from=get /a.exe /", ""},
		// These are images of Linux.
		{"FROM example.com/cross/windows-static-x64\nRUN curl -fSLo a.zip https://example.com/a.zip", ""},
		{"FROM example.com/cross-windows:1\nRUN curl -fSLo a.zip https://example.com/a.zip", ""},
		{"# escape=`\nFROM debian:12\nRUN curl -fSLo a.zip `\n  https://example.com/a.zip", ""},
	} {
		r := read(t, test.file+"\n")
		got := ""
		for _, reason := range r.Left {
			got = reason.What
		}
		for _, run := range r.Runs {
			if v := run.Judge(everything{}); !v.Adopt {
				got = v.Reasons[0].What
			}
		}
		for _, a := range r.Adds {
			if v := a.Judge(everything{}); !v.Adopt {
				got = v.Reasons[0].What
			}
		}
		if got != test.want {
			t.Errorf("%s\n%q; want %q", test.file, got, test.want)
		}
	}
}
