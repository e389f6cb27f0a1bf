"""The realm of a controller by SRV records: which names are asked, what is believed."""

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.model.evidence import Realm
from eset_portcheck.model.stage_detail import DnsAnswer
from eset_portcheck.net import realm
from eset_portcheck.net.clock import Clock


@pytest.mark.parametrize(
    ("host", "search", "domains"),
    [
        ("dc1.emea.corp.local", [], ["emea.corp.local", "corp.local"]),
        ("DC1.Corp.Local.", ["lan.", "corp.local"], ["corp.local", "lan"]),
        ("10.0.0.1", ["corp.local"], ["corp.local"]),
        ("2001:db8::1", [], []),
        ("dc1", ["corp.local"], ["corp.local"]),
        ("a.b.c.d.e.f.g", [], ["b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g"]),
    ],
)
def test_candidates(host: str, search: list[str], domains: list[str]) -> None:
    assert realm.candidates(host, search) == domains


@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=4))
def test_candidates_of_anything(host: str, search: list[str]) -> None:
    assert len(realm.candidates(host, search)) <= realm.CANDIDATES


async def found(monkeypatch: pytest.MonkeyPatch, host: str, answers: dict[str, list[str]]) -> Realm:
    async def ask(
        clock: Clock, server: str, name: str, kind: str, deadline_s: float, pick: object
    ) -> tuple[DnsAnswer, list[str] | None]:
        return DnsAnswer(server=server, name=name, type=kind), answers.get(name.removeprefix(realm.PREFIX))

    monkeypatch.setattr(realm, "ask_server", ask)
    return await realm.find_realm(Clock(), host, ["192.0.2.1", "192.0.2.2", "192.0.2.3"], ["corp.local"])


# The one that names this host.
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, None),
        ({"corp.local": ["dc9.corp.local"]}, "CORP.LOCAL"),
        ({"emea.corp.local": ["dc1.emea.corp.local"], "corp.local": ["dc9.corp.local"]}, "EMEA.CORP.LOCAL"),
        (
            {"emea.corp.local": ["other.example"], "corp.local": ["dc1.emea.corp.local"]},
            "CORP.LOCAL",
        ),
    ],
)
async def test_what_is_believed(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[str]], expected: str | None
) -> None:
    told = await found(monkeypatch, "dc1.emea.corp.local", answers)
    assert told.realm == expected
    assert told.asked == ["emea.corp.local", "corp.local"]


async def test_nobody_to_ask() -> None:
    assert await realm.find_realm(Clock(), "10.0.0.1", [], []) == Realm(asked=[])


def test_records_by_priority_and_nobody_is_nobody() -> None:
    query = dns.message.make_query("_kerberos._udp.corp.local", "SRV")
    reply = dns.message.make_response(query)
    reply.answer.append(
        dns.rrset.from_text(
            "_kerberos._udp.corp.local.", 60, "IN", "SRV", "20 0 88 b.corp.local.", "10 0 88 A.corp.local.", "30 0 88 ."
        )
    )
    assert realm.kdcs(reply) == ["a.corp.local", "b.corp.local"]
