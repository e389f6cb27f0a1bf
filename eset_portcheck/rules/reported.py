"""What a report's rows ask of the firewalls in between, as openings: the flows that were tried, or only those that
failed. Pure.

A fault behind a proxy asks for the flow from the proxy to the destination. A name that nobody answered asks for the
questions. What no rule mends (certificates, accounts, names that do not exist) is left out and said.
Source: docs/rules.md, "From a report".
"""

from collections.abc import Iterator, Sequence

from eset_portcheck.model.addresses import host_port, is_address, is_ipv6, parse_address, without_zone
from eset_portcheck.model.concerned import concerned, destination
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Culprit, Direction, Verdict
from eset_portcheck.rules import Needs, Opening, joined
from eset_portcheck.texts.values import host_name

NO_RULE = "NO_RULE"
_QUESTIONS = ("DNS_TIMEOUT", "DNS_UNREACHABLE")
# Who asks for the destination is the proxy, or whoever asks the proxy for it.
_OF_THE_PROXY = ("PROXY_REFUSED_CONNECT", "PROXY_AUTH_REQUIRED", "PROXY_UPSTREAM_FAILED")
_NO_RULE_MENDS = (Culprit.REMOTE_CONFIG, Culprit.DNS, Culprit.LOCAL_HOST, Culprit.LOCAL_ROUTE, Culprit.CHECKER)
_DNS_PORT = 53


def reported(report: Report, sources: Sequence[str], *, failed: bool) -> Needs:
    """`sources`: networks that stand for the clients, none for the addresses that the report was made from. `failed`:
    only rows that failed, also where a fail-over makes that a warning."""
    openings: list[Opening] = []
    left_out: list[tuple[str, str]] = []
    for row in report.checks:
        if not _was_run(row) or (failed and not _is_broken(row)):
            continue
        made = list(_of(row, sources, failed=failed))
        openings += made
        if not made:
            left_out.append((row.id, NO_RULE))
    return Needs(joined(openings), left_out)


def _was_run(row: Row) -> bool:
    return row.verdict not in (Verdict.SKIP, Verdict.ERROR) and (
        row.direction is Direction.INBOUND or (row.direction is Direction.OUTBOUND and bool(row.attempts))
    )


def _is_broken(row: Row) -> bool:
    rank = REASONS[row.reason].rank.value
    return (
        row.verdict is Verdict.FAIL
        or (row.verdict is Verdict.WARN and rank == "fail")
        or row.reason
        in (
            "ONE_FAMILY_FAILS",
            "SOME_ADDRESSES_FAIL",
        )
    )


def _of(row: Row, sources: Sequence[str], *, failed: bool) -> Iterator[Opening]:
    reason = next((one.params.reason for one in row.findings if one.params.reason), str(row.reason))
    if row.direction is Direction.INBOUND:
        if not failed or row.reason == "INBOUND_FILTERED":
            yield _opening(row, reason, port=row.port, addresses=sources, inbound=True)
        return
    if failed and reason in _QUESTIONS:
        asked = [row.where.address] if row.where.address and is_address(row.where.address) else []
        for transport in ("udp", "tcp"):
            yield _opening(
                row, reason, port=_DNS_PORT, addresses=asked, sources=sources, transport=transport, resolves=True
            )
        return
    if failed and reason in REASONS and REASONS[reason].culprit in _NO_RULE_MENDS:
        return
    about = concerned(row, row.where)
    dialled = [one.address for one in row.attempts if one.address and (one.failed is not None or not failed)]
    dialled = dialled or [one.address for one in row.attempts if one.address]
    own = [one.source_address for one in row.attempts if one.source_address]
    if failed and (about.via or reason in _OF_THE_PROXY):
        host, port = destination(row)
        asking = dialled if about.via or reason == "PROXY_UPSTREAM_FAILED" else sources or own
        literal = [host] if is_address(host) else []
        told = f"{reason} via {host_port(row.target, row.port)}"
        yield _opening(row, told, port=port, name=host, addresses=literal, sources=asking)
        return
    for six in (False, True):  # a source of one family says nothing of the other
        there = [one for one in dialled if is_ipv6(one) is six]
        if there:
            here = sources or [one for one in own if is_ipv6(one) is six]
            yield _opening(row, reason, port=row.port, name=row.target, addresses=there, sources=here)
    if not dialled and host_name(row.target):
        yield _opening(row, reason, port=row.port, name=row.target, sources=sources)


def _opening(
    row: Row,
    reason: str,
    *,
    port: int,
    name: str = "",
    addresses: Sequence[str] = (),
    sources: Sequence[str] = (),
    transport: str = "",
    inbound: bool = False,
    resolves: bool = False,
) -> Opening:
    return Opening(
        inbound,
        transport or row.transport.value,
        port,
        _plain(addresses),
        name,
        (row.id,),
        (row.purpose,) if row.purpose else (),
        row.required,
        resolves=resolves,
        sources=_plain(sources),
        reasons=(reason,) if row.verdict is not Verdict.PASS else (),
    )


def _plain(given: Sequence[str]) -> tuple[str, ...]:
    """Addresses without zones and networks, each once; a report's text that is neither is left out."""
    kept = [without_zone(one) if "/" not in one else one for one in given]
    return tuple(dict.fromkeys(one for one in kept if "/" in one or parse_address(one) is not None))
