package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestBacklog holds that what a killed run has left is hashed with what follows it, in
// whatever way the transfer ends.
func TestBacklog(t *testing.T) {
	content := make([]byte, 5*inlinePiece+77)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	const left = 3*inlinePiece + 5
	async := &sync.Pool{New: func() any { b := make([]byte, inlinePiece); return &b }}
	send := func(s *sink, from int64) error {
		if err := s.Begin(from); err != nil {
			return err
		}
		for at := from; at < int64(len(content)); {
			n := copy(s.Buffer(), content[at:])
			if err := s.Commit(n); err != nil {
				return err
			}
			at += int64(n)
		}
		return nil
	}
	tests := []struct {
		name     string
		has      int // what is left of the killed run in truth
		canceled bool
		transfer func(*sink) error
		lost     error
	}{
		{"the rest", left, false, func(s *sink) error { return send(s, s.n) }, nil},
		{"the rest, after all has been hashed", left, false, func(s *sink) error {
			s.backlog.mu.Lock()
			for s.backlog.at < left {
				s.backlog.changed.Wait()
			}
			s.backlog.mu.Unlock()
			return send(s, s.n)
		}, nil},
		{"a break", left, false, func(s *sink) error {
			if err := s.Begin(s.n); err != nil {
				return err
			}
			if err := s.Commit(copy(s.Buffer(), content[left:left+100])); err != nil {
				return err
			}
			return send(s, s.n)
		}, nil},
		{"all of it", left, false, func(s *sink) error { return send(s, 0) }, nil},
		{"segments", left, false, func(s *sink) error {
			_, err := s.file.WriteAt(content[left:], left)
			return errors.Join(err, s.follow(int64(len(content))))
		}, nil},
		{"bytes are missing", left - 1, false, func(s *sink) error { return send(s, s.n) }, errMissing},
		{"bytes are missing, before segments", left - 1, false, func(s *sink) error {
			return errors.Join(send(s, s.n), s.follow(int64(len(content))+1))
		}, errMissing},
		{"the end of ctx", left, true, func(s *sink) error {
			s.backlog.mu.Lock()
			for !s.backlog.quit {
				s.backlog.changed.Wait()
			}
			s.backlog.mu.Unlock()
			return send(s, s.n)
		}, context.Canceled},
	}
	for _, h := range []hashers{{}, {async}} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				partial, err1 := os.Create(filepath.Join(t.TempDir(), "partial"))
				file, err2 := os.Create(filepath.Join(t.TempDir(), "file"))
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				defer partial.Close()
				if _, err := partial.Write(content[:test.has]); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.canceled {
					cancel()
				}
				s := h.newSink(file, SizeUnknown)
				s.catchUp(ctx, partial, left)
				err := test.transfer(s)
				digest := s.close()
				s.dropBacklog()
				if test.lost != nil {
					if !errors.Is(s.lost, test.lost) || err != nil && !errors.Is(err, test.lost) {
						t.Errorf("lost %v, error %v", s.lost, err)
					}
					return
				}
				if err != nil || s.lost != nil || digest != Digest(sha256.Sum256(content)) || s.n != int64(len(content)) {
					t.Errorf("%d bytes with the sum %s, lost %v, error %v", s.n, digest, s.lost, err)
				}
				if got, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<30)); err != nil || !bytes.Equal(got, content) {
					t.Errorf("the file has %d bytes, %v", len(got), err)
				}
				if !bytes.Equal(s.head, content[:headSize]) {
					t.Errorf("the head is %q", s.head)
				}
			})
		}
	}
}
