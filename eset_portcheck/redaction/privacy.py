"""What each field of a report may hold, as far as privacy goes. A field without a class is a failing test (tests/house/test_privacy.py)."""

from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec

from eset_portcheck.model import comparison, evidence, finding, host, observation, plan, profile, reasons, report, site, subject
from eset_portcheck.model.privacy import Privacy


def declared(struct: type[msgspec.Struct]) -> dict[str, Privacy]:
    """Field -> what its annotation says. A field of which nothing is said and that may hold a text has none."""
    found = {field.name: _of(field.type) for field in msgspec.structs.fields(struct)}
    return {name: privacy for name, privacy in found.items() if privacy is not None}


def _of(kind: Any) -> Privacy | None:
    """The first class that is said within the type; nested for structures; a code for what holds no text of its own."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and "privacy" in meta.extra:
            return Privacy(meta.extra["privacy"])
    if get_origin(kind) is Literal:
        return Privacy.CODE
    inner = [kind.__origin__] if hasattr(kind, "__metadata__") else [one for one in get_args(kind) if one is not type(None)]
    if inner:
        said = [_of(one) for one in inner]
        return None if None in said else next((one for one in said if one is not Privacy.CODE), Privacy.CODE)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return Privacy.NESTED
    is_closed = isinstance(kind, type) and (issubclass(kind, Enum) or kind in (int, float, bool))
    return Privacy.CODE if is_closed else None


_P = Privacy
PRIVACY: dict[type[Any], dict[str, Privacy]] = {
    report.Report: dict.fromkeys(("tool", "profiles", "run", "host", "checks", "causes", "summary", "proxy_choices", "rediagnosis", "redaction"), _P.NESTED)
    | {"schema_version": _P.CODE},
    report.Tool: dict.fromkeys(("name", "version"), _P.CODE),
    report.ProfileUsed: dict.fromkeys(("role", "version", "sha256"), _P.CODE) | {"source": _P.TEXT},
    report.Run: dict.fromkeys(("id", "started_utc", "duration_s", "phase", "roles", "complete", "loop_lag_s", "ca_given", "command", "detected"), _P.CODE)
    | {"connect_to": _P.HOST, "arguments": _P.ARGUMENTS},
    report.Summary: dict.fromkeys(("counts", "ready", "exit_code", "verdict", "strict", "exit_zero"), _P.CODE),
    report.Rediagnosis: {"version": _P.CODE, "changed": _P.NESTED, "also": _P.CODE, "report_id": _P.FINGERPRINT, "unchecked": _P.CODE, "missing": _P.CODE},
    report.Changed: {"id": _P.CHECK_ID, "before": _P.CODE, "after": _P.CODE},
    report.Redaction: dict.fromkeys(("level", "replaced"), _P.CODE),
    report.ProofReached: dict.fromkeys(("reached", "required"), _P.CODE),
    report.Row: dict.fromkeys(
        (
            *("role", "direction", "transport", "port", "protocol", "target_key", "listener", "required", "beyond_page", "verdict", "state", "reason"),
            *("culprit", "confidence", "duration_s", "trust", "inspection", "full_proof", "explained_by"),
        ),
        _P.CODE,
    )
    | dict.fromkeys(("proof", "where", "attempts", "evidence", "findings", "group"), _P.NESTED)
    | dict.fromkeys(("source", "purpose", "note", "note_as_printed", "page_row"), _P.TEXT)
    | dict.fromkeys(("target", "via_destination", "redirects"), _P.HOST)
    | {"id": _P.CHECK_ID, "skip_params": _P.FACTS},
    profile.Group: {"id": _P.CHECK_ID, "policy": _P.CODE, "rank": _P.CODE},
    finding.Where: {"address": _P.HOST, "hop": _P.CODE, "interval": _P.HOST, "process": _P.FACTS, "ca": _P.DN},
    finding.Finding: {"reason": _P.CODE, "evidence": _P.CHECK_ID, "params": _P.FACTS},
    finding.Fix: {"audience": _P.CODE, "tool": _P.CODE} | dict.fromkeys(("command", "undo", "verify"), _P.COMMAND),
    finding.Cause: dict.fromkeys(("id", "reason", "culprit", "confidence"), _P.CODE)
    | {"where": _P.NESTED, "explains": _P.CHECK_ID, "evidence": _P.CHECK_ID, "fixes": _P.NESTED, "params": _P.FACTS},
    host.Host: {
        "name": _P.HOST,
        "os": _P.FACTS,
        "interfaces": _P.NESTED,
        "routes": _P.FACTS,
        "default_families": _P.CODE,
        "resolvers": _P.HOST,
        "search": _P.HOST,
        "proxies": _P.FACTS,
        "firewall": _P.RULES,
        "listeners": _P.NESTED,
        "eset_products": _P.FACTS,
        "connections": _P.NESTED,
        "proxy_sources": _P.NESTED,
        "capabilities": _P.FACTS,
        "reserved_ports": _P.CODE,
        "listeners_complete": _P.CODE,
    },
    host.Connection: dict.fromkeys(("component", "port", "pid"), _P.CODE) | {"address": _P.HOST, "local_address": _P.HOST},
    host.ProxySource: dict.fromkeys(("name", "scope", "credentials"), _P.CODE) | {"source": _P.PATH, "proxy": _P.HOST, "bypass": _P.HOST, "pac": _P.URL},
    report.ProxyIgnored: {"source": _P.PATH, "name": _P.CODE, "proxy": _P.HOST, "why": _P.CODE},
    report.ProxyChoice: {"target": _P.HOST, "via": _P.HOST, "why": _P.CODE, "ignored": _P.NESTED},
    host.Interface: {"name": _P.INTERFACE, "addresses": _P.HOST, "up": _P.CODE, "mtu": _P.CODE, "point_to_point": _P.CODE},
    host.Listening: dict.fromkeys(("transport", "port", "pid", "since_utc", "v6only"), _P.CODE)
    | {"address": _P.HOST, "name": _P.PROCESS, "path": _P.PATH, "home": _P.PATH, "user": _P.USER},
    observation.Icmp: dict.fromkeys(("type", "code", "after_s", "version", "ttl", "local"), _P.CODE) | {"sender": _P.HOST},
    observation.Certificate: dict.fromkeys(("not_before_utc", "not_after_utc", "signature", "key", "self_signed"), _P.CODE)
    | {"subject": _P.DN, "issuer": _P.DN, "sha256": _P.FINGERPRINT, "names": _P.HOST},
    observation.TlsFacts: dict.fromkeys(
        (
            *("version", "cipher", "alpn", "public", "site", "os_store", "name_matches", "expired", "not_yet_valid"),
            *("expires_in_days", "client_certificate"),
        ),
        _P.CODE,
    )
    | {"name": _P.HOST, "chain": _P.NESTED},
    observation.StageRecord: dict.fromkeys(("stage", "started_s", "duration_s", "failure"), _P.CODE) | {"detail": _P.FACTS},
    observation.Attempt: {
        "address": _P.HOST,
        "family": _P.CODE,
        "source_address": _P.HOST,
        "stages": _P.NESTED,
        "tls": _P.NESTED,
        "icmp": _P.NESTED,
        "reply": _P.FACTS,
        "transcript": _P.FACTS,
        "untested": _P.TEXT,
    },
} | {one: declared(one) for one in (*get_args(evidence.Evidence), evidence.Hop, evidence.Reject, evidence.PortAnswer, evidence.DistanceControl, evidence.WayIn)}

# Structures that stand in no report file. A comparison is made of two reports, each redacted before.
NOT_WRITTEN = frozenset(
    {
        evidence.Piece,
        observation.Observation,
        finding.Conclusion,
        plan.Endpoint,
        plan.Check,
        plan.Plan,
        plan.Options,
        plan.Outcome,
        profile.Value,
        profile.Requirement,
        profile.Profile,
        reasons.Reason,
        site.Site,
        subject.Subject,
        comparison.Comparison,
        comparison.ComparisonSummary,
        comparison.Difference,
        comparison.RowChange,
        comparison.RunSeen,
        comparison.Standing,
    }
)
