"""Programs that are known to sit on the ports of ESET PROTECT, by process name and path: a name for the report, never a
verdict. Data.

Sources: docs/sources.md#other-programs-on-these-ports (general knowledge but for the old ESET components), #versions.
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


class Program(NamedTuple):
    """`names`: process names without .exe, in lower case; `path`: decides alone when it fits; `ports`: only there
    (empty: anywhere)."""

    word: str
    names: tuple[str, ...] = ()
    path: str = ""
    ports: tuple[int, ...] = ()


# First that fits wins. Words are keys of render.wording.value_names.KNOWN_PROGRAM.
PROGRAMS = (
    Program(OLD_ESET, ("era",)),
    Program("old-eset-proxy", path=r"[/\\]RemoteAdministrator[/\\]Proxy[/\\]"),
    Program("apache-http-proxy", path=r"\\Apache HTTP Proxy\\"),
    Program("apache-http-proxy", ("httpd", "apache2"), ports=(3128,)),
    Program("squid", ("squid", "squid3")),
    Program(CONTAINER, ("docker-proxy", "dockerd", "containerd", "com.docker.backend", "wslrelay", "rootlessport",
            "conmon", "slirp4netns", "pasta",
                         "pasta.avx2", "gvproxy", "vpnkit", "vpnkit-bridge", "kube-proxy")),
    Program("sshd", ("sshd", "dropbear")),
    Program("directadmin", ("directadmin",)),
    Program("esxi-host", ("vmware-hostd", "vmware-authd", "vpxd-svcs")),
    Program("portainer", ("portainer",)),
    Program("unifi", ("unifi",), path=r"[/\\]UniFi[/\\]"),
    Program("collabora", ("coolwsd", "loolwsd")),
    Program("tvheadend", ("tvheadend",)),
    Program("sql-server", ("sqlservr",)),
    Program("mysql", ("mysqld", "mariadbd")),
    Program("domain-controller", ("lsass", "samba", "slapd", "krb5kdc"), ports=(88, 389)),
    Program("tomcat", path=r"[/\\]Tomcat[^/\\]*[/\\]"),
    Program("tomcat", ("tomcat", "tomcat7", "tomcat8", "tomcat9", "tomcat10", "tomcat11")),
    Program(APACHE, ("httpd", "apache2")),
    Program(NGINX, ("nginx",)),
    Program(HAPROXY, ("haproxy",)),
    Program("java", ("java", "javaw")),
)  # fmt: skip


def known_program(one: Listening) -> str | None:
    """The word for a known program; None for one that is not in the table, or hidden."""
    if one.pid == WINDOWS_SYSTEM_PID and (one.name or "").lower() == "system":
        return HTTP_SYS
    name = (one.name or "").lower().removesuffix(".exe")
    for known in PROGRAMS:
        if known.ports and one.port not in known.ports:
            continue
        if known.path and re.search(known.path, one.path or "", re.IGNORECASE):
            return known.word
        if name and name in known.names:
            return known.word
    return None
