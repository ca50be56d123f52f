// Package unpack unpacks archives: into a directory, one file of them, or only to
// list what they hold. Who made the archive is not trusted; what is not plain is
// refused, and nothing is ever written outside the given directory. Its functions
// are safe for concurrent use, each with a directory of its own.
//
// The restrictions are:
//
//   - The format is told from the bytes: tar, plain or in gzip, bzip2, xz or
//     zstd, zip, and the packages .deb, .apk and .rpm. A compressed file that
//     holds no tar is one file without a name: Member writes it whatever name
//     is asked for, Tree and Scan refuse it with ErrNoTree.
//
//   - Of a package there are its files, and nothing of what is for the package
//     manager; scripts are not run. A .deb is of format 2 and has nothing but
//     debian-binary, control.tar and data.tar, and names with a "_". An .apk is
//     of version 2: a gzip file is one if a member of it holds .PKGINFO and other
//     hidden files alone, apart from the rest. Else it is as any other. An .rpm
//     holds a cpio of the new ASCII format, compressed as a tar may be. 7z, .apk
//     of version 3, and cpio for files of 4 GiB are an *UnsupportedError.
//
//   - An archive is complete. Every checksum and length that its format has is
//     checked, a tar ends in a block of zeros, and what follows a zip, a cpio or a
//     compressed stream is an error, but for zeros after gzip, xz, zip and cpio. What
//     follows the end of a tar is ignored, as tar does, within the limits.
//
//   - A name is relative and holds no "..", be it between slashes or backslashes,
//     no control character, no NUL, and no Windows drive; it has at most 4096
//     bytes, 255 in an element, and Limits.Depth elements. In a zip it is UTF-8.
//     On Windows it holds no backslash at all. With Options.AbsoluteNames
//     leading slashes are dropped. In a zip of MS-DOS a name without slashes has
//     its backslashes for slashes, as unzip reads it: .NET wrote such.
//
//   - A name occurs once, after stripping. Only directories may be repeated, of
//     which the last entry's mode and time hold, and hard links to what the
//     name is already. No name lies below a file or a link,
//     so nothing is reached through a link.
//
//   - A symbolic link is relative, and leads to a place in the tree, be there
//     something or not, through whatever other links of the archive. With
//     Options.AbsoluteLinks it may be absolute. Links are made when all else is
//     written, and none is followed.
//
//   - A hard link leads to a file or symbolic link that the archive holds before
//     it, and that is unpacked.
//
//   - There are files, directories and links. Devices, FIFOs, unknown types, and
//     whatever is setuid, setgid or sticky, directories included, is refused,
//     unless Options.DropSpecialBits takes these bits away.
//
//   - Two names that the destination's disk takes for one, because it folds case
//     or Unicode forms, are refused. On a disk that does not, they are two files.
//
//   - A zip's directory and its entries agree on names, sizes, methods and
//     checksums. Entries do not overlap. None is encrypted, and it is one volume.
//
//   - Limits holds for bytes, entries (implied directories included), depth, the
//     ratio of bytes to those of the archive, and the memory for windows.
//
// A refusal names the member (*RefusedError, *LimitError). What Tree has written
// up to then is the caller's to remove; unpack into a private directory, and
// merge that into where it is to lie with PlanMerge.
//
// What is not unpacked, because Options.Include or Member does not ask for it,
// is not judged by its type, mode or link, nor by how a zip encrypts, compresses
// or encodes it. Tree and Scan judge its name.
//
// The same archive and options give the same tree: the archive's permission
// bits whatever the umask, its modification times down to what it records,
// Options.ImpliedTime and mode 0755 for directories without an entry, and 0644
// for entries of zips made where files have no mode. MS-DOS times, of zips that
// have no others, are taken for UTC. Owners that an archive names are ignored.
//
// # The manifest
//
// A Manifest says what Tree would give. Its text is UTF-8, with a line feed
// after each line. The first line is
//
//	depfetch-manifest 1
//
// and each further line is an entry, in ascending order of the bytes of names,
// no name twice, fields apart by one space:
//
//	d MODE "NAME"
//	f MODE SIZE SHA256 "NAME"
//	l "NAME" "TARGET"
//
// MODE is four octal digits, the permission bits alone, so it begins with 0.
// SIZE is decimal, without leading zeros. SHA256 is that of the contents, 64
// lower-case hex digits. NAME is slash-separated and relative, without empty
// elements, "." and "..". TARGET is the symbolic link's as the archive has it.
// In quotes, `"` is written `\"`, `\` is written `\\`, and each byte that
// is a control character of ASCII (0x00 to 0x1f, 0x7f) or no part of valid UTF-8
// is written `\x` and two lower-case hex digits; everything else stands for
// itself. So a manifest has exactly one text, and the sha256 of that text pins
// a tree.
//
// Directories that the archive only implies have lines as well. The tree's own
// directory has none. A hard link is a file with the contents and mode of what
// it leads to. Times and owners are not in it.
package unpack
