"""What differs between two runs beside their rows, and limits what a comparison of them says."""

from collections.abc import Mapping

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.comparison import Difference, DifferenceParams
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Verdict

WHAT = (
    "order",
    "host",
    "roles",
    "phase",
    "target",
    "profile",
    "tool",
    "complete",
    "redirected",
    "required",
    "families",
    "authority",
    "public-authorities",
)


def differences(
    before: Report, after: Report, earlier: Mapping[str, Row], later: Mapping[str, Row]
) -> list[Difference]:
    """In the order in which a reader must know them. Only what differs, or limits one of the two."""
    found = []
    if before.run.started_utc > after.run.started_utc:
        found.append(Difference("order", before.run.started_utc, after.run.started_utc))
    plain = (
        ("host", before.host.name, after.host.name),
        ("roles", " ".join(sorted(before.run.roles)), " ".join(sorted(after.run.roles))),
        ("phase", before.run.phase.value, after.run.phase.value),
    )
    found += [Difference(*one) for one in plain if one[1] != one[2]]
    found += _targets(earlier, later)
    found += _profiles(before, after)
    found += [Difference(*one) for one in _circumstances(before, after) if one[1] != one[2]]
    if not (before.run.complete and after.run.complete):
        found.append(Difference("complete", _whole(before), _whole(after)))
    return [*found, *_required(earlier, later)]


def _targets(earlier: Mapping[str, Row], later: Mapping[str, Row]) -> list[Difference]:
    """The same row led elsewhere: another server, port or destination behind the proxy. Each pair once, with the first
    row that has it."""
    found: dict[tuple[str, str], Difference] = {}
    for name in later:
        if name not in earlier or Verdict.SKIP in (earlier[name].verdict, later[name].verdict):
            continue
        was, now = _address(earlier[name]), _address(later[name])
        if was != now and (was, now) not in found:
            found[was, now] = Difference("target", was, now, DifferenceParams(key=later[name].target_key))
    return list(found.values())


def _address(row: Row) -> str:
    return host_port(row.target, row.port) + (f" > {row.via_destination}" if row.via_destination else "")


def _profiles(before: Report, after: Report) -> list[Difference]:
    """Rows come from profiles: the same role with other rows in it."""
    was = {used.role: used for used in before.profiles}
    return [
        Difference("profile", f"{one.role} {was[one.role].version}", f"{one.role} {one.version}")
        for one in after.profiles
        if one.role in was and was[one.role].sha256 != one.sha256
    ]


def _circumstances(before: Report, after: Report) -> list[tuple[str, str, str]]:
    return [
        ("tool", f"{before.tool.name} {before.tool.version}", f"{after.tool.name} {after.tool.version}"),
        ("redirected", _redirects(before), _redirects(after)),
        ("families", " ".join(sorted(before.host.default_families)), " ".join(sorted(after.host.default_families))),
        ("authority", _given(before), _given(after)),
        ("public-authorities", _public(before), _public(after)),
    ]


def _redirects(report: Report) -> str:
    return ", ".join(f"{one} > {to}" for one, to in sorted(report.run.connect_to.items()))


def _given(report: Report) -> str:
    return "yes" if report.run.ca_given else "no"


def _public(report: Report) -> str:
    return "--public-ca-file" if report.run.public_ca_given else "Mozilla"


def _whole(report: Report) -> str:
    return "yes" if report.run.complete else "no"


def _required(earlier: Mapping[str, Row], later: Mapping[str, Row]) -> list[Difference]:
    """Rows that count in one run only: a proxy was given, a condition came true."""
    changed = [
        name
        for name, row in later.items()
        if name in earlier
        and row.required != earlier[name].required
        and Verdict.SKIP not in (row.verdict, earlier[name].verdict)
    ]
    return [Difference("required", params=DifferenceParams(ids=changed))] if changed else []
