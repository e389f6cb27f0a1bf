"""Whom a conclusion is about: the row's target, or what lies behind it where that is a proxy. Pure."""

from typing import NamedTuple

from eset_portcheck.model.addresses import parse_host_port
from eset_portcheck.model.finding import Where
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction, Listener, Trust


class Concerned(NamedTuple):
    """`host` as given, `port`; `via`: "host:port" of the proxy in between, "" where it is dialled from here. All of it
    is text of a report."""

    host: str
    port: int
    via: str = ""


def destination(row: Row) -> tuple[str, int]:
    """What the row leads to in the end."""
    return (parse_host_port(row.via_destination) if row.via_destination else None) or (row.target, row.port)


def concerned(row: Row, where: Where) -> Concerned:
    """By the place that the conclusion names: behind the proxy, the proxy, or simply the target."""
    if not where.via or row.via_destination is None:
        return Concerned(row.target, row.port)
    return Concerned(*destination(row), where.via)


def is_internet(row: Row) -> bool:
    """A vendor's service on the internet, not a host of the site; or behind a proxy, where the conclusion is there."""
    if row.where.via:
        return row.via_destination is not None and row.trust is not Trust.SITE
    return (
        row.listener is Listener.FOREIGN
        and row.target_key not in ("target", "dc", "database")
        and row.via_destination is None
    )


def is_windows(row: Row) -> bool:
    """Known by what the row is for: remote installation goes to Windows only, LDAP and Kerberos to domain
    controllers. Source: docs/sources.md."""
    return row.direction is Direction.OUTBOUND and (
        row.target_key == "dc" or (row.target_key == "target" and row.role == "deploy-source")
    )
