"""The relays while tests need them, and the arguments that make every role's rows be asked at once."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import topology as at
from tests.lab.faults import Program, Rules, redirected
from tests.lab.laboratory import Lab
from tests.lab.relays import REAL

SERVER_ROLE = ("--role", "server", "-4", "--domain-controller", at.DC, "--realm", at.REALM, "--appliance")
MSSQL = (*SERVER_ROLE, "--database", at.DATABASE, "--database-kind", "mssql")
MYSQL = (*SERVER_ROLE, "--database", at.DATABASE, "--database-kind", "mysql")
AGENT = ("--role", "agent", "-4", "--server", at.SERVER)
VIA_PROXY = (*AGENT, "--proxy", f"{at.PROXY_OPEN}:3128")
DEPLOY = ("--role", "deploy-source", "-4", "--offline", "--target", at.TARGET)
SENSOR = ("--role", "rdsensor", "-4", "--offline", "--target", at.TARGET)
MDC = ("--role", "mdc", "-4", "--server", at.SERVER)

ROWS: dict[str, tuple[tuple[str, ...], str]] = {  # protocol: (arguments, the row that speaks it)
    "smb": (DEPLOY, f"deploy-source.target@{at.TARGET}.tcp-445"),
    "nbss": (DEPLOY, f"deploy-source.target@{at.TARGET}.tcp-139"),
    "nbns": (DEPLOY, f"deploy-source.target@{at.TARGET}.udp-137"),
    "ssh": (SENSOR, f"rdsensor.target@{at.TARGET}.tcp-22"),
    "ldap": (MSSQL, "server.dc.tcp-389"),
    "kerberos": (MSSQL, "server.dc.udp-88"),
    "tds": (MSSQL, "server.database.tcp-1433"),
    "mysql": (MYSQL, "server.database.tcp-3306"),
    "tls": (AGENT, "agent.server.tcp-2222"),
    "http": (AGENT, "agent.repository.tcp-80"),
    "http_proxy": (VIA_PROXY, "agent.proxy.tcp-3128.get-repository"),
    "mqtt": (AGENT, "agent.push.tcp-8883"),
    "apns": (MDC, "mdc.apns.tcp-2197"),
}


@contextmanager
def relaying(lab: Lab) -> Iterator[Path]:
    """The file with the secrets of TLS that ended at a relay."""
    key_log = lab.place.home / "relays.keys"
    arguments = shlex.join((at.MISBEHAVING, *lab.place.pair("good"), str(key_log)))
    with Program("server", "relays.py", arguments).applied(lab, "relays"):
        yield key_log


def led_to(protocol: str, address: str, port: int) -> Rules:
    """The router leads what the agent sends to a protocol's port elsewhere."""
    real = REAL[protocol]
    return redirected(f"{'udp' if real.udp else 'tcp'} dport {real.port}", address, port)
