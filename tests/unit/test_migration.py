"""Reports of earlier schemas: their plain JSON in today's shape before anything is made of it, and what cannot be taken
over."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.loading.migration import KINDS, NAMED, known, migrated
from eset_portcheck.loading.reports import ReportFileError, parsed
from eset_portcheck.model.evidence import (
    AlternativeOpeningTried,
    Distance,
    DistanceControl,
    Evidence,
    Hop,
    Piece,
    Reject,
    TtlWalk,
)
from eset_portcheck.model.report import Report
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.rejudging import rejudged

GOLDEN = Path(__file__).parents[1] / "fixtures" / "reports"
TODAY: dict[str, Any] = json.loads((GOLDEN / "1.2.0" / "afterwards.json").read_bytes())
PIECES = [piece for row in TODAY["checks"] for piece in row.get("evidence", [])]


def as_before(piece: dict[str, Any]) -> dict[str, Any]:
    """As schema 1.0 and 1.1 wrote it."""
    facts = {name: value for name, value in piece.items() if name not in ("kind", "address")}
    if piece["kind"] == "ttl-walk":
        facts["other"] = [one | {"expired": False} for one in facts["other"]]
    return {name: piece[name] for name in ("kind", "address") if name in piece} | {"facts": facts}


def before(version: str) -> dict[str, Any]:
    plain = deepcopy(TODAY) | {"schema_version": version}
    for row in plain["checks"]:
        if "evidence" in row:
            row["evidence"] = [as_before(one) for one in row["evidence"]]
    return plain


def with_evidence(*pieces: Any, version: str = "1.1.0") -> bytes:
    plain = deepcopy(TODAY) | {"schema_version": version}
    plain["checks"][0]["evidence"] = list(pieces)
    return json.dumps(plain).encode()


def test_there_is_one_of_every_kind() -> None:
    later = json.loads((GOLDEN / "1.2.0" / "lossy.json").read_bytes())
    pieces = [*PIECES, *(piece for row in later["checks"] for piece in row.get("evidence", []))]
    assert {one["kind"] for one in pieces} == KINDS
    assert set(get_args(Evidence)) == set(Piece.__subclasses__())


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_every_kind_of_evidence_is_taken_over(version: str) -> None:
    old = before(version)
    kept = deepcopy(old)
    assert migrated(old)["checks"] == TODAY["checks"]
    assert old == kept, "what the file held is needed for its id"
    found = parsed(json.dumps(old).encode(), "old")
    assert found.unknown == []
    assert found.report.checks == msgspec.convert(TODAY, Report).checks


def test_todays_are_left_alone() -> None:
    assert migrated(TODAY) is TODAY
    strange = before("1.2.0")
    assert migrated(strange) is strange


@pytest.mark.parametrize(
    "file", sorted(GOLDEN.glob("1.[01].0/*.json")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_recorded_report_is_judged_alike_in_both_shapes(file: Path) -> None:
    plain = json.loads(file.read_bytes())
    old = rejudged(parsed(file.read_bytes(), "old").report)
    new = rejudged(parsed(json.dumps(migrated(plain) | {"schema_version": "1.2.0"}).encode(), "new").report)
    assert [(one.id, one.verdict, one.reason, one.culprit, one.where, one.findings) for one in old.checks] == [
        (one.id, one.verdict, one.reason, one.culprit, one.where, one.findings) for one in new.checks
    ]


def test_the_shape_of_each() -> None:
    hop, other = (
        {"ttl": 1, "from": "10.0.0.1", "after_s": 0.1},
        {"ttl": 3, "from": None, "after_s": 0.2, "expired": False, "type": 3, "code": 13},
    )
    told = parsed(
        with_evidence(
            {
                "kind": "ttl-walk",
                "address": "10.9.9.9",
                "facts": {"hops": [hop], "probed": 30, "duration_s": 2.5, "other": [other], "reached": [9]},
            },
            {
                "kind": "distance",
                "address": "10.9.9.9",
                "facts": {"controls": [{"how": "echo", "ttl": 62}], "refused_ttl": 61},
            },
            {
                "kind": "otherwise",
                "address": "10.9.9.9",
                "facts": {"reason": "X", "completed": False, "stage": "tls", "failure": None},
            },
        ),
        "old",
    ).report
    assert told.checks[0].evidence == [
        TtlWalk(
            address="10.9.9.9",
            hops=[Hop(1, "10.0.0.1", 0.1)],
            probed=30,
            duration_s=2.5,
            other=[Reject(3, None, 0.2, 3, 13)],
            reached=[9],
        ),
        Distance(address="10.9.9.9", controls=[DistanceControl("echo", 62)], refused_ttl=61),
        AlternativeOpeningTried(
            address="10.9.9.9",
            reason="X",
            completed=False,
            stage=msgspec.convert("tls", type(told.checks[0].attempts[0].stages[0].stage)),
        ),
    ]


@pytest.mark.parametrize("version", ["1.1.0", "1.2.0", "1.3.0"])
def test_a_kind_that_nobody_knows_is_kept_out_and_named(version: str) -> None:
    found = parsed(
        with_evidence(
            {"kind": "quantum-walk", "who": "novak"},
            {"kind": "one-way"},
            {"kind": "curl evil.example"},
            version=version,
        ),
        "later",
    )
    assert [one.kind for one in found.report.checks[0].evidence] == ["one-way"]
    assert found.unknown == ["checks[0].evidence[0] (kind quantum-walk)", "checks[0].evidence[2] (kind ?)"], (
        "a stranger's words are not passed on"
    )
    assert "novak" not in str(found.report)


def test_a_fact_that_nobody_knows_is_kept_out_and_named() -> None:
    found = parsed(with_evidence({"kind": "addresses", "facts": {"not_dialled": 2, "novel": "novak"}}), "old")
    assert found.unknown == ["checks[0].evidence[0].novel"]
    assert "novak" not in str(found.report)


def test_a_code_that_nobody_knows_is_kept_out_and_named() -> None:
    """As a later version may write it: the report is read, and judged by what this version knows."""
    plain = deepcopy(TODAY) | {"schema_version": "1.9.0"}
    row = plain["checks"][0]
    row["reason"] = "QUIC_BLOCKED"
    row["findings"] = [{"reason": "QUIC_SLOW"}, {"reason": "TLS_EXPIRES_SOON"}]
    plain["causes"] = [
        {"id": "C1", "reason": "QUIC\u202e", "culprit": None, "confidence": None, "where": {}, "explains": []},
        *plain["causes"],
    ]
    found = parsed(json.dumps(plain).encode(), "later")
    assert found.unknown == [
        "checks[0].findings[0] (reason QUIC_SLOW)",
        "checks[0] (reason QUIC_BLOCKED)",
        "causes[0] (reason ?)",
    ]
    assert (found.report.checks[0].reason, [one.reason for one in found.report.checks[0].findings]) == (
        "",
        ["TLS_EXPIRES_SOON"],
    )
    anew = rejudged(found.report)
    assert {row.id: row.reason for row in anew.checks} == {
        row.id: row.reason for row in rejudged(parsed(json.dumps(TODAY).encode(), "today").report).checks
    }


@pytest.mark.parametrize(
    ("piece", "told"),
    [
        (
            {"kind": "ttl-walk", "facts": {"hops": "x", "probed": 30}},
            "checks[0].evidence[0].hops: Expected `array`, got `str`",
        ),
        (
            {"kind": "ttl-walk", "facts": {"hops": [{"ttl": 256, "from": None, "after_s": 0}], "probed": 30}},
            "checks[0].evidence[0].hops[0].ttl: Expected `int` <= 255",
        ),
        (
            {"kind": "distance", "facts": {"controls": [{"how": "rumour", "ttl": 1}]}},
            "checks[0].evidence[0].controls[0].how: Invalid enum value 'rumour'",
        ),
        (
            {"kind": "firewall", "facts": {"verdict": "perhaps"}},
            "checks[0].evidence[0].verdict: Invalid enum value 'perhaps'",
        ),
        (
            {"kind": "firewall", "facts": {"verdict": "drop", "may": "drop"}},
            "checks[0].evidence[0].may: Expected `array`, got `str`",
        ),
        ({"kind": "control", "facts": {}}, "checks[0].evidence[0]: Object missing required field `ports`"),
        ({"kind": "control", "facts": 7}, "checks[0].evidence[0]: Object missing required field `ports`"),
        ({"kind": 7}, "checks[0].evidence[0].kind: Expected `str`, got `int`"),
        (
            {"facts": {"kind": "one-way", "address": 7}},
            "checks[0].evidence[0].address: Expected `str | null`, got `int`",
        ),
        ("one-way", "checks[0].evidence[0]: Expected `object`, got `str`"),
    ],
    ids=str,
)
def test_what_no_run_wrote_is_refused_with_its_place(piece: Any, told: str) -> None:
    with pytest.raises(ReportFileError) as refused:
        parsed(with_evidence(piece), "file")
    assert told in str(refused.value)


def with_detail(detail: Any, version: str = "1.2.0") -> bytes:
    plain = deepcopy(TODAY) | {"schema_version": version}
    row = next(one for one in plain["checks"] if one.get("attempts"))
    row["attempts"][0]["stages"][0]["detail"] = detail
    plain["checks"] = [row]
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        (7, "Expected `object`, got `int`"),
        ({"errno": 113}, ".errno: Expected `str | null`, got `int`"),
        ({"received_bytes": "many"}, ".received_bytes: Expected `int | null`, got `str`"),
        ({"status": ["407"]}, ".status: Expected `int | str | null`, got `array`"),
        ({"servers": {"server": "10.0.0.1"}}, ".servers: Expected `array | null`, got `object`"),
        ({"servers": [{"rcode": "NXDOMAIN"}]}, ".servers[0]: Object missing required field `server`"),
        ({"servers": [{"server": "x", "failure": "dns_gone"}]}, ".servers[0].failure: Invalid enum value 'dns_gone'"),
        ({"disagrees": [1]}, ".disagrees[0]: Expected `str`, got `int`"),
    ],
    ids=str,
)
def test_a_detail_that_no_stage_has_is_refused_with_its_place(detail: Any, told: str) -> None:
    with pytest.raises(ReportFileError) as refused:
        parsed(with_detail(detail), "file")
    assert f"checks[0].attempts[0].stages[0].detail{'' if told.startswith('.') else ': '}{told}" in str(refused.value)


def test_a_detail_that_nobody_knows_is_kept_out_and_named() -> None:
    found = parsed(with_detail({"errno": "ENOENT", "novel": "novak"}), "file")
    assert found.unknown == ["checks[0].attempts[0].stages[0].detail.novel"]
    assert found.report.checks[0].attempts[0].stages[0].detail == StageDetail(errno="ENOENT")
    assert "novak" not in str(found.report)


def with_firewall(firewall: Any, **of_a_row: Any) -> bytes:
    plain = deepcopy(TODAY)
    plain["host"]["firewall"] = firewall
    plain["checks"][0] |= of_a_row
    return msgspec.json.encode(plain)


@pytest.mark.parametrize(
    ("firewall", "of_a_row", "told"),
    [
        ("readable", {}, "host.firewall: Expected `object`, got `str`"),
        ({"state": 1}, {}, "host.firewall.state: Expected `str`, got `int`"),
        ({"ruleset": {"table": {}}}, {}, "host.firewall.ruleset: Expected `array | null`, got `object`"),
        ({"ruleset": ["table"]}, {}, "host.firewall.ruleset[0]: Expected `object`, got `str`"),
        ({}, {"skip_params": {"option": ["--proxy"]}}, "checks[0].skip_params.option: Expected `str`, got `array`"),
        ({}, {"where": {"process": {"pid": "7"}}}, "checks[0].where.process.pid: Expected `int | null`, got `str`"),
        ({}, {"where": {"process": {"addresses": "::"}}}, "checks[0].where.process.addresses: Expected `array | null`"),
    ],
    ids=str,
)
def test_a_firewall_a_skip_and_a_holder_of_another_shape_are_refused_with_their_place(
    firewall: Any, of_a_row: dict[str, Any], told: str
) -> None:
    with pytest.raises(ReportFileError) as refused:
        parsed(with_firewall(firewall, **of_a_row), "file")
    assert told in str(refused.value)


def test_what_nobody_knows_of_a_firewall_is_kept_out_and_named() -> None:
    ways = [{"family": "ipv4", "novel": "novak"}]
    found = parsed(
        with_firewall(
            {"novel": "novak", "predictions": {"in/tcp/2222": {"verdict": "allow", "novel": "novak", "ways": ways}}},
            skip_params={"novel": "novak"},
        ),
        "file",
    )
    assert sorted(found.unknown) == [
        "checks[0].skip_params.novel",
        "host.firewall.novel",
        "host.firewall.predictions[in/tcp/2222].novel",
        "host.firewall.predictions[in/tcp/2222].ways[0].novel",
    ]
    assert "novak" not in str(found.report)


def test_a_holder_of_whom_nothing_is_said_is_none() -> None:
    found = parsed(with_firewall({}, where={"process": {}}), "file")
    assert found.report.checks[0].where.process is None


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_what_stages_said_before_is_taken_over(version: str) -> None:
    found = parsed(with_detail({"errno": 113, "sent": 3, "why": "x"}, version), "old")
    assert found.unknown == []
    assert found.report.checks[0].attempts[0].stages[0].detail == StageDetail(errno="113", why="x")


def test_a_detail_that_says_nothing_is_not_written() -> None:
    (row,) = parsed(with_detail({}), "file").report.checks
    assert "detail" not in msgspec.to_builtins(row)["attempts"][0]["stages"][0]


def test_many_of_them_are_left_out_and_some_named() -> None:
    found = known(
        {"checks": [{"evidence": [{"kind": "x"}] * 100_000 + [{"kind": "one-way"}]}], "causes": [{"reason": "X_Y"}]}
    )
    assert (found[0]["checks"], found[0]["causes"]) == ([{"evidence": [{"kind": "one-way"}]}], [])
    assert len(found[1]) == NAMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "kind",
                    "facts",
                    "evidence",
                    "checks",
                    "address",
                    "other",
                    "ttl-walk",
                    "findings",
                    "causes",
                    "reason",
                    "x",
                )
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(checks=JSON, evidence=JSON, facts=JSON)
def test_nothing_makes_it_fall(checks: Any, evidence: Any, facts: Any) -> None:
    for rows in (
        checks,
        [{"evidence": evidence}, 7],
        [{"evidence": [{"kind": "ttl-walk", "facts": facts}, {"kind": "x", "facts": {"other": facts}}]}],
    ):
        known(migrated({"schema_version": "1.0.0", "checks": rows, "causes": facts}))
