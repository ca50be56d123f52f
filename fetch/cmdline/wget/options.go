package wget

import (
	"iter"

	"depfetch/fetch/cmdline"
)

// options are those of wget 1.21. An option of kind Bool may have a value, as
// --check-certificate=off.
const options = `
+=O,output-document +=P,directory-prefix +!nc,clobber +!N,timestamping +!c,continue +=i,input-file +!spider +!delete-after
+!content-disposition +=default-page +!q,quiet +=o,output-file +=a,append-output +=e,execute +.V,version +.h,help
+=header +=U,user-agent +=referer +=user +=password +=http-user +=http-password +=http-passwd +=ca-certificate +=method
+=t,tries +=T,timeout +=connect-timeout +=read-timeout +!proxy +=proxy-user +=proxy-password +=proxy-passwd +!https-only
+!use-server-timestamps +!x,force-directories +!nd,directories +!nH,host-directories +!protocol-directories +=cut-dirs
+!restrict-file-names +!backups +!unlink +=max-redirect +!v,verbose +!4,inet4-only +!6,inet6-only +!trust-server-names
+=progress +=secure-protocol +=prefer-family +=compression +=regex-type +!report-speed +=config +.no-config
+=Y,busybox-proxy +!nv,no-verbose ~!d,debug ~=dot-style ~.dont-remove-listing ~!htmlify ~!keep-badhash
~!retry-connrefused ~=retry-on-http-error
~!retry-on-host-error ~!netrc +!show-progress ~!if-modified-since ~!S,server-response #=dns-timeout
#=w,wait #=waitretry ~!random-wait ~=bind-address ~=bind-dns-address ~=dns-servers #=limit-rate ~!dns-cache
~!ignore-case ~!iri ~!cache ~!ignore-length ~!http-keep-alive
+!cookies ~!keep-session-cookies ~!content-on-error ~!auth-no-challenge ~!check-certificate
~=ca-directory ~=certificate-type ~=private-key-type ~=ciphers ~=egd-file ~=random-file ~!hsts ~=hsts-file ~=ftp-user ~=ftp-password
~!remove-listing ~!glob ~!passive-ftp ~!preserve-permissions ~!retr-symlinks ~!ftps-implicit ~!ftps-resume-ssl
~!ftps-clear-data-connection ~!ftps-fallback-to-ftp ~!ftp-stmlf ~!np,parent ~=l,level ~=A,accept ~=R,reject
~=accept-regex ~=reject-regex ~=D,domains ~=exclude-domains ~!follow-ftp ~=follow-tags ~=ignore-tags ~!L,relative
~=I,include-directories ~=X,exclude-directories ~!strict-comments ~!warc-compression ~!warc-digests ~!warc-keep-log
: pages are not followed, only what is pinned is fetched
-!r,recursive -!m,mirror -!p,page-requisites -!k,convert-links -!convert-file-only -!K,backup-converted -!E,adjust-extension
-!html-extension -!H,span-hosts -!F,force-html -=B,base
: it is not supported
-!b,background -=rejected-log -=Q,quota -!xattr -=local-encoding -=remote-encoding -!save-headers -=input-metalink -=metalink-index -!metalink-over-http -=preferred-location
-=warc-file -=warc-header -=warc-max-size -!warc-cdx -=warc-dedup -=warc-tempdir
: it sends data, and a pinned fetch only gets
-=post-data -=post-file -=body-data -=body-file
: a pinned file comes whole
-=start-pos
: nobody is there to ask
-!ask-password -=use-askpass
: no client certificates and keys are used
-=certificate -=private-key
: this limits who is trusted, and only the pin and the certificate authorities do that here
-=crl-file -=pinnedpubkey
: cookies are sent from the command line, as --header 'Cookie: …', not from files
-=load-cookies
: cookies are not kept
-=save-cookies
`

// Table returns the table of wget's options.
func Table() cmdline.Table { return cmdline.ParseTable(options) }

// Lex returns the options and operands of a command line of wget, without the
// program's name.
func Lex(words []string) iter.Seq[cmdline.Arg] { return Table().Lex(words, true) }
