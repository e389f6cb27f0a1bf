"""Which Kerberos realm a controller serves, by SRV records, where nobody said it.

A realm's name is its DNS domain in capitals, and the domain says who its KDCs are. Candidates are the domains above the
controller's name, then this machine's search list. Without a record nothing is claimed: the conversation falls back to
the domain of the name.

Sources: RFC 4120 7.2.3.2 (_kerberos._udp.REALM), RFC 2782 (SRV).
"""

import asyncio
from typing import Any

from eset_portcheck.model.evidence import Realm
from eset_portcheck.net.clock import Clock
from eset_portcheck.net.name_query import ask_server, of_internet
from eset_portcheck.net.resolve import literal

PREFIX = "_kerberos._udp."
CANDIDATES = 4
SERVERS = 2
KDCS = 8  # of the domain that serves
DEADLINE_S = 1.5


def candidates(host: str, search: list[str]) -> list[str]:
    """Domains, nearest first; a top-level domain alone is nobody's realm."""
    name = "" if literal(host) else host.rstrip(".").lower()
    labels = name.split(".")
    above = [".".join(labels[at:]) for at in range(1, len(labels) - 1)]
    return list(dict.fromkeys([*above, *(domain.strip(".").lower() for domain in search if domain.strip("."))]))[
        :CANDIDATES
    ]


async def find_realm(clock: Clock, host: str, servers: list[str], search: list[str]) -> Realm:
    """A domain whose record names this very host goes before one that only has records. Never raises."""
    domains = candidates(host, search)
    questions = [
        ask_server(clock, server, PREFIX + domain, "SRV", DEADLINE_S, kdcs)
        for domain in domains
        for server in servers[:SERVERS]
    ]
    answers = await asyncio.gather(*questions)
    told: dict[str, list[str]] = {}
    for answer, found in answers:
        named = told.setdefault(answer.name.removeprefix(PREFIX), [])
        named += [one for one in found or [] if one not in named]
    serving = [domain for domain in domains if told.get(domain)]
    served = next(
        (domain for domain in serving if host.rstrip(".").lower() in told[domain]), serving[0] if serving else None
    )
    return Realm(asked=domains, realm=served.upper(), kdcs=told[served][:KDCS]) if served else Realm(asked=domains)


def kdcs(reply: Any) -> list[str]:
    """The hosts of SRV records, by priority; "." is nobody (RFC 2782)."""
    found = sorted((item.priority, item.target.to_text(omit_final_dot=True).lower()) for item in of_internet(reply, 33))
    return [host[:255] for _, host in found if host not in ("", ".")][:24]
