"""squid: ESET Bridge. Open, password demanded (407) and CONNECT forbidden (403), told apart by address."""

from pathlib import Path

from tests.lab.servers.service import Place, Service, command
from tests.lab.topology import DC, PASSWORD, PROXY_NO_CONNECT, PROXY_OPEN, PROXY_PASSWORD


def services(place: Place) -> list[Service]:
    folder = place.of("squid")
    conf = f"""http_port {PROXY_OPEN}:3128 name=open
http_port {PROXY_PASSWORD}:3128 name=auth
http_port {PROXY_NO_CONNECT}:3128 name=deny
acl p_auth myportname auth
acl p_deny myportname deny
acl CONNECT method CONNECT
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/passwd
auth_param basic realm bridge
acl authed proxy_auth REQUIRED
http_access deny p_deny CONNECT
http_access deny p_auth !authed
http_access allow all
cache deny all
cache_mem 8 MB
pinger_enable off
pid_filename {folder}/pid
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir {folder}
netdb_filename none
shutdown_lifetime 0 seconds
dns_nameservers {DC}
connect_timeout 5 seconds
via off
"""
    ready = [("tcp", address, 3128) for address in (PROXY_OPEN, PROXY_PASSWORD, PROXY_NO_CONNECT)]
    return [
        Service(
            "squid",
            "server",
            ["squid", "-N", "-f", str(folder / "conf")],
            ready,
            {"conf": conf},
            prepare=_prepare,
            needs=("squid", "openssl"),
        )
    ]


def _prepare(folder: Path) -> None:
    digest = command(["openssl", "passwd", "-apr1", PASSWORD]).strip()
    (folder / "passwd").write_text(f"agent:{digest}\n")
    # squid writes as its own user
    folder.chmod(0o777)
    for path in folder.iterdir():
        path.chmod(0o666)
