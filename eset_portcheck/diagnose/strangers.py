"""Programs that are known to sit on the ports of ESET PROTECT, by process name and path: a name for the report, never a verdict. Data.

Sources: docs/sources.md#who-else-is-found-on-the-ports (general knowledge but for the old ESET components), #versions.
"""

import re
from typing import NamedTuple

from eset_portcheck.model.host import Listening

WINDOWS_SYSTEM_PID = 4
OLD_ESET = "old-eset-server"
APACHE = "apache"
HTTP_SYS = "http-sys"
CONTAINER = "container-runtime"
NGINX = "nginx"
HAPROXY = "haproxy"
IN_FRONT_OF_TOMCAT = frozenset({APACHE, HTTP_SYS, NGINX, HAPROXY})


class Stranger(NamedTuple):
    """`names`: process names without .exe, in lower case; `path`: decides alone when it fits; `ports`: only there (empty: anywhere)."""

    word: str
    names: tuple[str, ...] = ()
    path: str = ""
    ports: tuple[int, ...] = ()


# First that fits wins. Words are keys of render.words.STRANGER.
STRANGERS = (
    Stranger(OLD_ESET, ("era",)),
    Stranger("old-eset-proxy", path=r"[/\\]RemoteAdministrator[/\\]Proxy[/\\]"),
    Stranger("apache-http-proxy", path=r"\\Apache HTTP Proxy\\"),
    Stranger("apache-http-proxy", ("httpd", "apache2"), ports=(3128,)),
    Stranger("squid", ("squid", "squid3")),
    Stranger(CONTAINER, ("docker-proxy", "dockerd", "containerd", "com.docker.backend", "wslrelay", "rootlessport", "conmon", "slirp4netns", "pasta",
                         "pasta.avx2", "gvproxy", "vpnkit", "vpnkit-bridge", "kube-proxy")),
    Stranger("sshd", ("sshd", "dropbear")),
    Stranger("directadmin", ("directadmin",)),
    Stranger("esxi-host", ("vmware-hostd", "vmware-authd", "vpxd-svcs")),
    Stranger("portainer", ("portainer",)),
    Stranger("unifi", ("unifi",), path=r"[/\\]UniFi[/\\]"),
    Stranger("collabora", ("coolwsd", "loolwsd")),
    Stranger("tvheadend", ("tvheadend",)),
    Stranger("sql-server", ("sqlservr",)),
    Stranger("mysql", ("mysqld", "mariadbd")),
    Stranger("domain-controller", ("lsass", "samba", "slapd", "krb5kdc"), ports=(88, 389)),
    Stranger("tomcat", path=r"[/\\]Tomcat[^/\\]*[/\\]"),
    Stranger("tomcat", ("tomcat", "tomcat7", "tomcat8", "tomcat9", "tomcat10", "tomcat11")),
    Stranger(APACHE, ("httpd", "apache2")),
    Stranger(NGINX, ("nginx",)),
    Stranger(HAPROXY, ("haproxy",)),
    Stranger("java", ("java", "javaw")),
)  # fmt: skip


def stranger(one: Listening) -> str | None:
    """The word for a known program; None for one that is not in the table, or hidden."""
    if one.pid == WINDOWS_SYSTEM_PID and (one.name or "").lower() == "system":
        return HTTP_SYS
    name = (one.name or "").lower().removesuffix(".exe")
    for known in STRANGERS:
        if known.ports and one.port not in known.ports:
            continue
        if known.path and re.search(known.path, one.path or "", re.IGNORECASE):
            return known.word
        if name and name in known.names:
            return known.word
    return None
