"""What a laboratory needs of the machine, and the line that brings it."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests.lab.servers import catalogue
from tests.lab.servers.service import Place, which

TOOLS = ("ip", "nft", "setpriv", "dumpcap", "tshark", "faketime")
FILES = (
    "/usr/lib/nginx/modules/ngx_stream_module.so",
    "/usr/lib/squid/basic_ncsa_auth",
    "/usr/lib/ldap/back_mdb.so",
    "/dev/net/tun",
)
BRING = "as root: tests/lab/install.sh (Debian), then make test"


def lacking() -> list[str]:
    """Empty: a laboratory can be built here."""
    if os.name != "posix" or not Path("/proc/self/ns/net").exists():
        return ["a Linux kernel with network namespaces"]
    if os.geteuid() != 0:
        return ["root (network namespaces)"]
    services = catalogue(Place(Path("/"), Path("/"))).values()
    wanted = {name for service in services if service.default for name in service.executables}
    gaps = [f"program {name}" for name in sorted(wanted | set(TOOLS)) if which(name) is None]
    gaps += [f"file {name}" for name in FILES if not Path(name).exists()]
    return gaps or _no_namespaces()


def _no_namespaces() -> list[str]:
    """One namespace made and removed: a container may refuse it even to root."""
    name = f"portcheck-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return [f"the right to make network namespaces ({made.stderr.strip()})"]
    rules = subprocess.run(
        ["ip", "netns", "exec", name, "nft", "add table inet try"],
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),
    )
    subprocess.run(["ip", "netns", "del", name], check=True)
    return [f"nftables in a network namespace ({rules.stderr.strip()})"] if rules.returncode else []
