"""What the rows say together: fail-over groups, one interceptor on unrelated names, one cause behind many rows.
Pure."""

from collections import defaultdict
from typing import Any

import msgspec

from eset_portcheck.diagnose import computers
from eset_portcheck.diagnose.fixes import fixes
from eset_portcheck.diagnose.inspectors import named_here
from eset_portcheck.diagnose.reading import params_of, rank
from eset_portcheck.model.command_line import only
from eset_portcheck.model.concerned import Concerned, concerned, is_internet
from eset_portcheck.model.deciding import group_of, proven_groups
from eset_portcheck.model.finding import NOBODY, Cause, Finding, Fix
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Trust, Verdict
from eset_portcheck.texts.shell import joined, shell_of

_INSTEAD = ("TLS_UNKNOWN_CA", "IDENTITY_NOT_CHECKED", "TLS_INTERCEPTED")  # that an interception says better
_DESTINATIONS = 3  # behind a proxy, named in a sentence
_OF_THE_CERTIFICATE = ("TLS_EXPIRED", "TLS_NOT_YET_VALID", "TLS_WRONG_NAME", "TLS_UNKNOWN_CA", "TLS_EXPIRES_SOON")


def interception(rows: list[Row]) -> list[Row]:
    """An unknown issuer seen on two unrelated targets signs for others: it is an interceptor. Site rows are one owner,
    public names each their domain. Rows that ask for no certificate (a database, a directory) are no witnesses.

    Two hosts of one domain may have a private authority in common, but not where one of them is known to be signed by a
    public one.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    hosts: dict[str, set[str]] = defaultdict(set)
    public: set[str] = set()
    for row in rows:
        for issuer in _unknown_issuers(row):
            owners[issuer].add(_owner(row))
            hosts[issuer].add(_asked(row))
            public |= {issuer} if row.trust is Trust.PUBLIC else set()
    guilty = {
        issuer for issuer, seen in owners.items() if len(seen) > 1 or (issuer in public and len(hosts[issuer]) > 1)
    }
    guilty -= {
        above.subject for row in rows for tls in _shown(row) if tls.public == "trusted" for above in tls.chain[1:]
    }
    below_the_sites = {issuer for issuer, seen in owners.items() if seen - {"site"}}
    return [_intercepted(row, issuer) if (issuer := _shared(row, guilty, below_the_sites)) else row for row in rows]


def _shared(row: Row, guilty: set[str], below_the_sites: set[str]) -> str:
    """The issuer that others show too, or nothing."""
    told = [one for one in _unknown_issuers(row) if one in guilty]
    return next(iter([*told, *(one for one in _intermediates(row) if one in below_the_sites)]), "")


def _owner(row: Row) -> str:
    """Whose name it is: what is neither public nor a vendor's is the site's own."""
    return "site" if _is_sites(row) else ".".join(_asked(row).split(".")[-2:])


def _is_sites(row: Row) -> bool:
    return row.trust in (Trust.SITE, None)


def _asked(row: Row) -> str:
    return next((tls.name or "" for tls in _shown(row)), row.target)


def _shown(row: Row) -> list[TlsFacts]:
    return [attempt.tls for attempt in row.attempts if attempt.tls is not None and attempt.tls.chain]


def _unknown_issuers(row: Row) -> list[str]:
    """Of the leaves that neither the public set, the site's authority nor a pin accounts for. Who signs for himself is
    told from others of that name by his certificate."""
    return [
        tls.chain[0].sha256 if tls.chain[0].self_signed else tls.chain[0].issuer
        for tls in _shown(row)
        if row.trust is not None
        and tls.public != "trusted"
        and not (_is_sites(row) and (tls.site in ("trusted", "weak") or tls.pinned))
    ]


def _intermediates(row: Row) -> list[str]:
    """Issuers below the site's authority, as they were sent: an inspecting device may have one of it."""
    return [
        tls.chain[0].issuer
        for tls in _shown(row)
        if row.trust is Trust.SITE
        and tls.site in ("trusted", "weak")
        and any(above.subject == tls.chain[0].issuer and not above.self_signed for above in tls.chain[1:])
    ]


def _intercepted(row: Row, issuer: str) -> Row:
    verdict = Verdict.FAIL if row.inspection == "fail" else Verdict.WARN
    if row.verdict is Verdict.FAIL and row.reason not in ("TLS_UNKNOWN_CA", "TLS_INTERCEPTED"):
        return row
    leaf = next(tls.chain[0] for tls in _shown(row) if issuer in (tls.chain[0].issuer, tls.chain[0].sha256))
    already = next((one for one in row.findings if one.reason == "TLS_INTERCEPTED"), None)
    findings = [one for one in row.findings if one.reason not in _INSTEAD]
    sure = already is not None and row.confidence is Confidence.PROVEN
    return msgspec.structs.replace(
        row,
        verdict=verdict,
        reason="TLS_INTERCEPTED",
        culprit=Culprit.LOCAL_HOST if named_here(leaf.issuer) else Culprit.TLS_INTERCEPTOR,
        confidence=Confidence.PROVEN if sure else Confidence.LIKELY,
        where=msgspec.structs.replace(row.where, ca=leaf.issuer),
        findings=[already or Finding("TLS_INTERCEPTED", params=Params(issuer=leaf.issuer)), *findings],
    )


def groups(rows: list[Row]) -> list[Row]:
    """A failed member becomes a warning when another member is proven."""
    proven = proven_groups(rows)
    return [
        msgspec.structs.replace(
            row,
            verdict=Verdict.WARN,
            findings=[Finding("FAILOVER_USED", params=Params(group=row.group.id)), *row.findings],
        )
        if row.group and row.verdict is Verdict.FAIL and group_of(row) in proven
        else row
        for row in rows
    ]


def causes(rows: list[Row], host: Host, *, takes_only: bool = True) -> tuple[list[Row], list[Cause]]:
    """Rows that share reason, culprit and place share a cause, over computers too; all but its first row are explained
    by it. Failures first, then warnings.

    `takes_only`: the line that tests again can name rows; a fix holds these words alone, as the command line stands
    once in a report.
    """
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if (
            row.verdict is Verdict.FAIL
            or (row.verdict is Verdict.WARN and rank(row.reason) in (Rank.FAIL, Rank.WARN))
            or row.verdict is Verdict.ERROR
        ):
            found[_place(row)].append(row)
    together = computers.merged(found.values())
    ranked = sorted(together, key=lambda group: (not any(_counts(row) for row in group), -len(group)))
    made: list[Cause] = []
    explained: dict[str, str] = {}
    for number, group in enumerate(ranked, 1):
        lead = next((row for row in group if _counts(row)), group[0])
        name = f"C{number}"
        explained |= {row.id: name for row in group if row.id != lead.id}
        made.append(computers.of_many(_cause(name, lead, group, host, takes_only), group, rows))
    return [
        msgspec.structs.replace(row, explained_by=explained[row.id]) if row.id in explained else row for row in rows
    ], made


def _counts(row: Row) -> bool:
    return row.required and row.verdict is Verdict.FAIL


def _place(row: Row) -> tuple[Any, ...]:
    """What makes two broken rows the same break. Where that is not sure, they stay apart."""
    where = row.where
    if row.culprit is Culprit.LOCAL_FIREWALL and (rule := _rule(row)):
        return (row.reason, *rule)
    culprit = REASONS[row.reason].culprit
    if culprit is Culprit.DNS and row.culprit is Culprit.LOCAL_HOST:
        return (row.reason, row.culprit)
    if row.reason in ("DNS_NXDOMAIN", "DNS_NO_ADDRESS"):
        # A zone may be missing without the resolver being at fault.
        return (
            row.reason,
            where.address,
            ".".join(_dialled(row).split(".")[-2:]),
        )
    if culprit is Culprit.DNS:
        return (row.reason, where.address)
    if row.reason == "GATEWAY_DOWN":
        params = params_of(row.findings, row.reason)
        return (row.reason, params.gateway or "", params.interface or "")
    if culprit is Culprit.LOCAL_ROUTE:
        return (row.reason, _family(row))
    if row.reason == "CLOCK_SKEW":
        return (row.reason,) if row.culprit is Culprit.LOCAL_HOST else (row.reason, row.target)
    if row.reason.startswith("PROXY_"):
        return (row.reason, row.target, row.culprit if where.via else "")
    if row.reason == "TCP_NO_ANSWER" and where.interval:
        # behind one hop all of the internet may be cut off at once; hosts of the site each have a firewall of their own
        return (row.reason, where.interval[0], "internet" if is_internet(row) else row.target, _family(row))
    if row.reason in ("REJECTED_IN_PATH", "NET_UNREACHABLE", "TTL_EXPIRED", "HOST_DOWN") and where.address:
        return (row.reason, where.address, "internet" if is_internet(row) else row.target)
    if row.reason == "REJECTED_LOCALLY":
        return (row.reason, "internet" if is_internet(row) else row.target)
    if row.reason in ("TLS_INTERCEPTED", "CAPTIVE_PORTAL"):
        return (row.reason, where.ca)
    if row.reason in _OF_THE_CERTIFICATE and (shown := _certificate(row)):
        return (row.reason, *concerned(row, where)[:2], shown)  # the same one, directly and through a proxy
    holder = where.process or NOBODY
    whom = concerned(row, where)
    return (row.reason, whom.host, whom.via, where.address, holder.pid, holder.name)


def _certificate(row: Row) -> str:
    """Fingerprint of the one that the row's last finished handshake showed."""
    return next((one.tls.chain[0].sha256 for one in row.attempts if one.tls is not None and one.tls.chain), "")


def _rule(row: Row) -> tuple[str, ...]:
    """The rule of this machine that stops it, with its table and chain."""
    params = params_of(row.findings, row.reason)
    return (params.rule, params.table or "", params.chain or "") if params.rule else ()


def _dialled(row: Row) -> str:
    return next((one.params.name for one in row.findings if one.params.name is not None), row.target)


def _family(row: Row) -> str:
    return next((attempt.family for attempt in row.attempts if attempt.failed and attempt.family), "")


def _cause(name: str, lead: Row, group: list[Row], host: Host, takes_only: bool) -> Cause:
    ids = [row.id for row in group]
    about = concerned(lead, lead.where) if not lead.reason.startswith("PROXY_") else Concerned(lead.target, lead.port)
    params = Params(target=about.host, port=about.port, transport=lead.transport.value)
    if lead.via_destination and lead.reason.startswith("PROXY_"):
        behind = list(dict.fromkeys(row.via_destination for row in group if row.via_destination))
        named = ", ".join(behind[:_DESTINATIONS]) + (" ..." if len(behind) > _DESTINATIONS else "")
        params = Params(destination=named).onto(params)
    for finding in lead.findings:
        if finding.reason == lead.reason:
            params = finding.params.onto(params)
    return Cause(
        id=name,
        reason=REASONS[lead.reason].code,
        culprit=lead.culprit,
        confidence=lead.confidence,
        where=lead.where,
        explains=ids,
        evidence=[f"{lead.id}#{number}" for number, _ in enumerate(lead.evidence)],
        fixes=_advice(lead, group, host, joined(only(ids), shell_of(host.os)) if takes_only else ""),
        params=params,
    )


def _advice(lead: Row, group: list[Row], host: Host, verify: str) -> list[Fix]:
    """Facts that no run wrote may choke what makes commands of them: then there are words alone."""
    try:
        return fixes(lead, group, host, verify)
    except Exception:  # noqa: BLE001
        return [Fix(audience="support", tool="text", command=lead.reason, verify=verify)]
