package curl

import (
	"iter"

	"depfetch/fetch/cmdline"
)

// options are those of curl 8, and of 7.88 where 8 has dropped them.
const options = `
+=o,output +!O,remote-name +!remote-name-all +!J,remote-header-name +=output-dir +!create-dirs +=create-file-mode
+!clobber +!skip-existing +=url +=url-query +!g,globoff +.:,next +=K,config
+!I,head +!i,include +=D,dump-header +=w,write-out +=z,time-cond +=stderr +!fail-early +=max-filesize
+=H,header +=A,user-agent +=e,referer +=b,cookie +=u,user +=oauth2-bearer +=netrc-file +=X,request
+!G,get +=d,data +=data-ascii +=data-binary +=data-raw +=data-urlencode +=C,continue-at
+=m,max-time +=connect-timeout +=y,speed-time +=retry +=proto +=proto-default +!path-as-is
+=cacert +=proxy-cacert +=x,proxy +=proxy1.0 +=socks5 +=socks5-hostname +=noproxy +=U,proxy-user
+.h,help +.V,version +!out-null +!R,remote-time +!L,location +!location-trusted +!follow +=max-redirs +=proto-redir
+=c,cookie-jar +=alt-svc +=hsts +=ssl-sessions
+!s,silent +!progress-meter ~.q,disable ~!S,show-error ~!f,fail ~!fail-with-body ~!k,insecure ~!v,verbose
~!#,progress-bar ~!N,buffer ~!compressed ~!tr-encoding ~!raw ~!remove-on-error
~!styled-output ~!trace-time ~!trace-ids ~=trace-config ~!j,junk-session-cookies ~!n,netrc ~!netrc-optional
~!anyauth ~!basic #=limit-rate #=rate #=Y,speed-limit ~!retry-all-errors ~!retry-connrefused #=retry-delay
#=retry-max-time ~!Z,parallel ~!parallel-immediate #=parallel-max #=parallel-max-host ~!post301 ~!post302 ~!post303
~.0,http1.0 ~.http1.1 ~.http2 ~.http2-prior-knowledge ~.http3 ~.http3-only ~!http0.9 ~!ignore-content-length ~.4,ipv4 ~.6,ipv6
~!keepalive #=keepalive-time #=keepalive-cnt ~!tcp-fastopen ~!tcp-nodelay ~!mptcp ~=ip-tos ~=vlan-priority ~!alpn ~!npn ~!sessionid
#=happy-eyeballs-timeout-ms ~=interface ~=local-port ~=dns-interface ~=dns-ipv4-addr ~=dns-ipv6-addr ~=dns-servers ~=doh-url
~!doh-insecure ~!doh-cert-status #=expect100-timeout ~!suppress-connect-headers ~!haproxy-protocol ~=haproxy-clientip
~.1,tlsv1 ~.tlsv1.0 ~.tlsv1.1 ~.tlsv1.2 ~.tlsv1.3 ~=tls-max ~.2,sslv2 ~.3,sslv3 ~!ssl ~!ssl-reqd ~!ssl-allow-beast ~!ssl-no-revoke
~!ssl-revoke-best-effort ~!ssl-auto-client-cert ~=ciphers ~=tls13-ciphers ~=curves ~=sigalgs ~=signature-algorithms ~!false-start ~!cert-status
~=capath ~!ca-native ~=ech ~!tls-earlydata ~=random-file ~=egd-file ~=cert-type ~=key-type
~!p,proxytunnel ~!proxy-anyauth ~!proxy-basic ~!proxy-insecure ~!proxy-http2 ~=proxy-capath ~!proxy-ca-native ~=proxy-ciphers
~=proxy-tls13-ciphers ~.proxy-tlsv1 ~!proxy-ssl-allow-beast ~!proxy-ssl-auto-client-cert ~=proxy-cert-type ~=proxy-key-type
~!socks5-basic ~=service-name ~=proxy-service-name ~=socks5-gssapi-service ~=delegation ~!sasl-ir ~=sasl-authzid ~=login-options
~!B,use-ascii ~!crlf ~!compressed-ssh ~=krb ~=ftp-account ~=ftp-alternative-to-user ~!ftp-create-dirs ~=ftp-method ~!ftp-pasv
~=P,ftp-port ~!ftp-pret ~!ftp-skip-pasv-ip ~!ftp-ssl ~!ftp-ssl-reqd ~!ftp-ssl-ccc ~=ftp-ssl-ccc-mode ~!ftp-ssl-control ~!disable-eprt ~!disable-epsv
~!eprt ~!epsv #=tftp-blksize ~!tftp-no-options ~=hostpubmd5 ~=hostpubsha256 ~=pubkey ~=knownhosts ~!form-escape ~=ipfs-gateway
: it sends data, and a pinned fetch only gets
-=F,form -=form-string -=T,upload-file -=json -!a,append -=Q,quote -=mail-from -=mail-rcpt -=mail-auth -!mail-rcpt-allowfails
-=t,telnet-option -=upload-flags
: a pinned file comes whole
-=r,range
: no client certificates and keys are used
-=E,cert -=key -=pass -=engine -=proxy-cert -=proxy-key -=proxy-pass -=tlsauthtype -=tlsuser -=tlspassword
-=proxy-tlsauthtype -=proxy-tlsuser -=proxy-tlspassword
: of the kinds of credentials, Basic and Bearer are supported
-!digest -!ntlm -!ntlm-wb -!negotiate -=aws-sigv4 -!proxy-digest -!proxy-ntlm -!proxy-negotiate -!socks5-gssapi -!socks5-gssapi-nec
: this limits who is trusted, and only the pin and the certificate authorities do that here
-=pinnedpubkey -=proxy-pinnedpubkey -=crlfile -=proxy-crlfile
: the connection cannot be led elsewhere
-=unix-socket -=abstract-unix-socket -=connect-to -=resolve -=request-target -=preproxy -=socks4 -=socks4a -=proxy-header
: what is pinned does not change, so there is nothing to save or compare
-=etag-save -=etag-compare
: it is not supported
-!xattr -!dump-ca-embed -=trace -=trace-ascii -!disallow-username-in-url -=libcurl -.M,manual -!metalink -!l,list-only -=variable -=expand-url -=expand-output -=expand-header -=expand-data
`

// Table returns the table of curl's options.
func Table() cmdline.Table { return cmdline.ParseTable(options) }

// Lex returns the options and operands of a command line of curl, which is without
// the program's name.
func Lex(words []string) iter.Seq[cmdline.Arg] { return Table().Lex(words, false) }
