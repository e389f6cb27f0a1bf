"""A report from a ticket may hold anything: the table stays short, printable and quick."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from eset_portcheck.model.report import Report, from_json
from eset_portcheck.render import table

REPORTS = Path(__file__).parent / "reports"
NAMES = sorted(path.stem for path in REPORTS.glob("*.json"))
LONG = 1 << 16  # in every text; the mebibyte has a test of its own
PAYLOADS = {
    "ansi": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "bidi": "a\u202eb\u2066c\u200fd\u061c",
    "lines": "one\r\ntwo\u2028three\x85four\x0bfive",
    "markup": "[red]x[/red] [/] [link=file:///etc/passwd]y[/link] :skull:",
    "format": "{0} {target} {self.__class__} %s %(x)s",
    "zero-width": "a\u200bb\ufeffc\u3164d",
    "wide": "東京" * 40,
    "long": "x" * LONG,
    "long-ansi": "\x1b[31m" * (LONG // 5),
    "option": "--only 'x; rm -rf / | $(id) `id`",
}
# Closed sets, which the reader of reports itself checks, and codes; all other strings are free text.
_VOCABULARY = "direction transport listener verdict state culprit confidence reached required stage failure phase policy trust family reason kind end answer how"
_FIXED = frozenset(_VOCABULARY.split())


def poisoned(value: Any, payload: str, name: str = "") -> Any:
    """The payload in every free text, also in keys and lists of facts."""
    if isinstance(value, dict):
        return {key: poisoned(one, payload, key) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, payload, name) for one in value]
    if isinstance(value, str) and name not in _FIXED:
        return (value + payload) if name in ("id", "explained_by") else payload
    return value


def hostile(name: str, payload: str) -> Report:
    plain = json.loads((REPORTS / f"{name}.json").read_bytes())
    made = poisoned(plain, payload)
    for cause in made["causes"]:
        cause["explains"] = [one + payload for one in cause["explains"]]
    made["run"]["connect_to"] = {payload: payload, "epns.eset.com:8883": payload}
    first = made["checks"][0]
    first["findings"] = [
        {"reason": first["reason"], "params": {"why": payload, "names": [payload] * 9, "server": payload}}
    ]
    first["where"] = {
        "process": {"path": payload, "name": payload, "pid": 7},
        "ca": payload,
        "interval": [payload, payload],
    }
    hop, rule = (
        {"ttl": 1, "from": payload, "after_s": 0.1},
        {"rule": payload, "table": payload, "chain": payload, "why": payload, "may": [payload], "packet": payload},
    )
    first["evidence"] = [
        {"kind": "ttl-walk", "hops": [hop], "probed": 30, "other": [hop | {"type": 3, "code": 13}]},
        *({"kind": "firewall", "verdict": verdict, **rule} for verdict in ("allow", "drop", "cannot-tell")),
        {"kind": "established", "component": payload, "port": 2222, "address": payload},
        {"kind": "realm", "asked": [payload], "realm": payload, "kdcs": [payload]},
        {"kind": "second-opinion", "client": payload, "error": payload, "host_key": payload, "methods": [payload]},
        {"kind": "otherwise", "reason": payload, "completed": True, "reply": {"version": payload, payload: [payload]}},
    ]
    return from_json(json.dumps(made).encode())


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_it_gets_through(name: str, payload: str) -> None:
    report = hostile(name, payload)
    for ascii_only in (False, True):
        shown = table.render(report, width=80, ascii=ascii_only, verbose=True, written=[payload])
        assert all(sign.isprintable() or sign == "\n" for sign in shown)
        assert len(shown) < 120_000
        assert not ascii_only or shown.isascii()


def test_markup_is_text() -> None:
    shown = table.render(hostile("inspected", "[red]x[/red] :skull:"), width=140, colour=False)
    assert "[red]x[/red] :skull:" in shown
    assert "☠" not in shown.replace("☠ ", "", 1)


def test_only_our_own_escape_sequences_are_sent() -> None:
    shown = table.render(hostile("inspected", "\x1b[31m\x1b]8;;file:///\x1b\\"), width=100, colour=True, verbose=True)
    assert not re.search(r"\x1b(?!\[[\d;]*m)", shown)
    assert "\\x1b]8;;file:///" in shown


def test_a_mebibyte_in_target_issuer_and_finding_costs_no_time() -> None:
    huge = "y" * (1 << 20)
    plain = json.loads((REPORTS / "inspected.json").read_bytes())
    row = plain["checks"][0]
    row["target"] = row["purpose"] = row["note"] = row["attempts"][0]["tls"]["chain"][0]["issuer"] = row["where"][
        "ca"
    ] = huge
    row["findings"].append({"reason": "TLS_UNKNOWN_CA", "params": {"issuer": huge}})
    plain["causes"][0]["params"] |= {"target": huge, "issuer": huge}
    report = from_json(json.dumps(plain).encode())
    started = time.process_time()
    shown = table.render(report, width=100, verbose=True)
    assert time.process_time() - started < 1.0
    assert len(shown) < 20_000
