"""Which Kerberos realm a controller serves, by SRV records, where nobody said it.

A realm's name is its DNS domain in capitals, and the domain says who its KDCs are. Candidates are the domains above the controller's name, then this
machine's search list. Without a record nothing is claimed: the conversation falls back to the domain of the name.

Sources: RFC 4120 7.2.3.2 (_kerberos._udp.REALM), RFC 2782 (SRV).
"""

import asyncio
from typing import Any

from eset_portcheck.net.clock import Clock
from eset_portcheck.net.resolve import ask_server, literal, records

CANDIDATES = 4
SERVERS = 2
DEADLINE_S = 1.5


def candidates(host: str, search: list[str]) -> list[str]:
    """Domains, nearest first; a top-level domain alone is nobody's realm."""
    name = "" if literal(host) else host.rstrip(".").lower()
    labels = name.split(".")
    above = [".".join(labels[at:]) for at in range(1, len(labels) - 1)]
    return list(dict.fromkeys([*above, *(domain.strip(".").lower() for domain in search if domain.strip("."))]))[:CANDIDATES]


async def find_realm(clock: Clock, host: str, servers: list[str], search: list[str]) -> tuple[str | None, dict[str, Any]]:
    """(realm, facts: asked, found, kdcs). A domain whose record names this very host goes before one that only has records. Never raises."""
    domains = candidates(host, search)
    asked = [f"_kerberos._udp.{domain}" for domain in domains]
    questions = [ask_server(clock, server, name, "SRV", DEADLINE_S, records) for name in asked for server in servers[:SERVERS]]
    answers = await asyncio.gather(*questions)
    told: dict[str, list[str]] = {}
    for answer in answers:
        kdcs = told.setdefault(str(answer["name"]).removeprefix("_kerberos._udp."), [])
        kdcs += [one for one in answer.get("records", []) if one not in kdcs]
    serving = [domain for domain in domains if told.get(domain)]
    found = next((domain for domain in serving if host.rstrip(".").lower() in told[domain]), serving[0] if serving else None)
    facts: dict[str, Any] = {"asked": asked, "found": found.upper() if found else None}
    return facts["found"], facts | ({"kdcs": told[found][:8]} if found else {})
