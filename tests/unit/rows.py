"""Rows for diagnosis tables: facts in, conclusions out."""

from typing import Any

import msgspec

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.finding import Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, Certificate, Icmp, StageRecord, TlsFacts
from eset_portcheck.model.profile import Group
from eset_portcheck.model.report import ProofReached, Row
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import (
    Direction,
    Failure,
    Listener,
    Phase,
    Proof,
    Stage,
    State,
    Transport,
    Trust,
    Verdict,
)

TARGET, SOURCE, ROUTER = "10.0.2.2", "10.0.1.2", "10.0.1.1"
_ORDER = [Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TUNNEL, Stage.TLS, Stage.HANDSHAKE, Stage.SESSION]


def attempt(
    *done: Stage,
    broke: Stage | None = None,
    failure: Failure | None = None,
    took_s: float = 0.01,
    detail: StageDetail | dict[str, Any] | None = None,
    **facts: Any,
) -> Attempt:
    """All of `done` went well, then `broke` failed."""
    records = [StageRecord(stage, 0.0, 0.001) for stage in _ORDER if stage in done]
    if broke is not None:
        said = detail if isinstance(detail, StageDetail) else msgspec.convert(detail or {}, StageDetail)
        records.append(StageRecord(broke, 0.0, took_s, failure, said))
    return Attempt(**{"address": TARGET, "family": "ipv4", "source_address": SOURCE, "stages": records} | facts)


def connecting(failure: Failure, took_s: float = 0.01, **facts: Any) -> Attempt:
    return attempt(Stage.RESOLVE, Stage.ROUTE, broke=Stage.CONNECT, failure=failure, took_s=took_s, **facts)


def row(*attempts: Attempt, evidence: list[Evidence] | None = None, required: Proof = Proof.TLS, **changed: Any) -> Row:
    values: dict[str, Any] = {
        "id": "agent.server.tcp-2222",
        "role": "agent",
        "direction": Direction.OUTBOUND,
        "transport": Transport.TCP,
        "port": 2222,
        "protocol": "tls",
        "target": "protect.corp.local",
        "target_key": "server",
        "listener": Listener.SERVER,
        "required": True,
        "source": "S",
        "beyond_page": False,
        "verdict": Verdict.UNPROVEN,
        "state": State.NOT_TESTED,
        "proof": ProofReached(Proof.NONE, required),
        "reason": "",
        "culprit": None,
        "confidence": None,
        "where": Where(),
        "duration_s": 0.0,
        "attempts": list(attempts),
        "evidence": evidence or [],
        "findings": [],
        "trust": Trust.SITE,
    }
    return Row(**values | changed)


def judged(*rows: Row, phase: Phase = Phase.POST) -> list[Row]:
    return diagnose(list(rows), Host(), phase)[0]


def certificate(issuer: str = "CN=Corp CA", subject: str = "CN=protect") -> Certificate:
    return Certificate(subject, issuer, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "ab" * 32)


def tls(issuer: str = "CN=Corp CA", **facts: Any) -> TlsFacts:
    return TlsFacts(
        **{
            "version": "TLSv1.3",
            "name": "protect.corp.local",
            "chain": [certificate(issuer)],
            "public": "untrusted",
            "name_matches": True,
            "expires_in_days": 300.0,
        }
        | facts
    )


def icmp(kind: int, code: int, sender: str | None, **facts: Any) -> Icmp:
    return Icmp(kind, code, sender, **facts)


__all__ = [
    "ROUTER",
    "SOURCE",
    "TARGET",
    "Evidence",
    "Group",
    "attempt",
    "certificate",
    "connecting",
    "icmp",
    "judged",
    "row",
    "tls",
]
