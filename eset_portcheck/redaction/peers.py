"""What peers say of themselves, cut down to what names software: everything else in a banner or header may name its
owner.

Source: the Server, Via and Content-Type fields of RFC 9110, the identification string of RFC 4253 4.2, server versions
of MySQL and MariaDB.
"""

import re

from eset_portcheck.redaction.secrets import REMOVED

_PRODUCTS = """
    squid nginx openresty apache apache-coyote tomcat jetty undertow wildfly microsoft microsoft-iis iis
    microsoft-httpapi httpapi kestrel openssh ssh for windows for_windows dropbear debian ubuntu raspbian freebsd centos
    rhel rocky alma suse alpine fedora red hat mariadb mysql percona log winsshd bitvise cisco huawei mikrotik rosssh
    libssh paramiko eset bridge protect varnish haproxy envoy lighttpd caddy traefik cloudflare akamaighost ats ecs gws
    esf sffe amazons3 awselb amazon cloudfront zscaler bluecoat proxysg fortinet fortigate fortiproxy sophos mcafee web
    gateway webgateway trend micro palo alto networks forcepoint websense checkpoint barracuda untangle pfsense opnsense
    ironport wsa ubuntu0 maria samba openldap active directory unix win32 win64 linux php openssl python go-http-server
    aiohttp uvicorn gunicorn werkzeug basehttp simplehttp basic digest negotiate ntlm bearer kerberos realm text html
    plain json xml octet-stream application charset utf-8 iso-8859-1 us-ascii windows-1250 windows-1252
    err_access_denied err_cache_access_denied caching_sha2_password mysql_native_password client_ed25519 sha256_password
    unix_socket auth_gssapi_client dialog mysql_clear_password unboundid 389 ds oracle ibm other
"""
_SOFTWARE = frozenset(_PRODUCTS.split())
_VERSION = re.compile(
    r"(?:v?\d[\d.]{0,20}(?:p\d{1,3}|[a-z]\d{0,3}|rc\d{1,2}|beta\d{0,2})?|deb\d{1,3}u\d{1,3}|el\d{1,2}(?:_\d{1,2})?|ga|lts|community|enterprise)\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\Z")
_CODE = re.compile(r"ERR_[A-Z_]{1,40}(?: -?\d{1,6})?\Z")
_ALGORITHM = re.compile(
    r"[a-z0-9][a-z0-9.+_-]{1,60}(?:@(?:openssh\.com|libssh\.org|lysator\.liu\.se|ssh\.com|libssh2\.org))?\Z",
    re.IGNORECASE,
)
_ALGORITHM_WORDS = re.compile(
    r"(?i)(?:curve|ecdh|dh|diffie|sntrup|mlkem|kex|ext-info|ssh-|rsa|ecdsa|ed25519|sk-|aes|chacha|3des|des|blowfish|cast|arcfour|none|hmac|umac|poly)"
)


def software(text: str) -> str:
    """Names of known products and their versions stay, every other word goes."""
    if _DATE.match(text) or _CODE.match(text):
        return text
    kept = re.sub(r"[^\s/;,()=\"']+", lambda match: match[0] if _is_software(match[0]) else REMOVED, text)
    return re.sub(rf"(?:{re.escape(REMOVED)}[\s/;,]*)+{re.escape(REMOVED)}", REMOVED, kept)


def _is_software(word: str) -> bool:
    if word == REMOVED or word.lower() in _SOFTWARE or _VERSION.match(word):
        return True
    parts = re.split(r"[-_+~:]", word)
    return len(parts) > 1 and all(part.lower() in _SOFTWARE or _VERSION.match(part) or not part for part in parts)


def algorithm(text: str) -> str:
    return text if _ALGORITHM.match(text) and _ALGORITHM_WORDS.match(text) else REMOVED
