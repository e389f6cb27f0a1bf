"""Sample reports for the renderers: facts made by hand, conclusions by the project's own diagnosis, written to
reports/*.json.

python tests/unit/sample_reports.py     writes them anew (they are kept, so that a renderer's test depends on the report
format alone)
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from eset_portcheck import audit, loading, planning, protocols
from eset_portcheck.diagnose import summary
from eset_portcheck.model.evidence import (
    ControlPorts,
    Distance,
    DistanceControl,
    Evidence,
    Hop,
    OneWay,
    PortAnswer,
    SilentControl,
    TtlWalk,
)
from eset_portcheck.model.finding import Finding, PortHolder, Where
from eset_portcheck.model.host import Host, LocalFirewall
from eset_portcheck.model.observation import Attempt, Certificate, Icmp, Observation, StageRecord, TlsFacts
from eset_portcheck.model.params import Params
from eset_portcheck.model.plan import Check, Outcome, Plan
from eset_portcheck.model.report import ProfileUsed, ProofReached, Report, from_json, to_json
from eset_portcheck.model.site import site_of
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Culprit, Direction, Failure, Phase, Proof, Stage, State, Verdict

HERE = Path(__file__).parent
REPORTS = HERE / "reports"
SERVER, PROXY, TARGET = "10.20.0.15", "10.20.0.30", "10.31.5.7"
NET4, NET6 = "203.0.113.40", "2001:db8:40::1"
SOURCE = "10.31.4.27"
HOST = Host(
    name="pc-0427.corp.example",
    os={"system": "Linux", "release": "6.1"},
    default_families=["ipv4"],
    resolvers=["10.20.0.2"],
    firewall=LocalFirewall(state="readable"),
)
Sees = Callable[[Check], Observation | None]


def record(stage: Stage, duration_s: float, failure: Failure | None = None, **detail: Any) -> StageRecord:
    return StageRecord(stage, 0.01, duration_s, failure, msgspec.convert(detail, StageDetail))


def tls(name: str, issuer: str, **judged: Any) -> TlsFacts:
    digest = hashlib.sha256((name + issuer).encode()).hexdigest()
    leaf = Certificate(f"CN={name}", issuer, "2026-03-02T00:00:00Z", "2027-04-02T23:59:59Z", digest, names=[name])
    return TlsFacts(version="TLSv1.3", name=name, chain=[leaf], name_matches=True, expires_in_days=200.0, **judged)


def attempt(address: str, *more: StageRecord, family: str = "ipv4", **facts: Any) -> Attempt:
    first = [record(Stage.RESOLVE, 0.009, name="x"), record(Stage.ROUTE, 0.0001), record(Stage.CONNECT, 0.018)]
    stages = {one.stage: one for one in (*first, *more)}
    return Attempt(address=address, family=family, source_address=SOURCE, stages=list(stages.values()), **facts)


def to_server(name: str = "protect.corp.example", **more: Any) -> Attempt:
    facts = tls(name, "CN=ESET PROTECT CA, O=Corp", public="untrusted", site="trusted", client_certificate="required")
    return attempt(SERVER, record(Stage.TLS, 0.031), tls=facts, **more)


def to_push(address: str = NET4, family: str = "ipv4", *, tunnel: bool = False) -> Attempt:
    way = [record(Stage.TUNNEL, 0.02, status=200)] if tunnel else []
    facts = tls("epns.eset.com", "CN=Public CA 3", public="trusted")
    reply = {"message": "CONNACK", "code": 5, "meaning": "not authorised"}
    return attempt(
        address, *way, record(Stage.TLS, 0.041), record(Stage.HANDSHAKE, 0.022), family=family, tls=facts, reply=reply
    )


def to_web(address: str = NET4) -> Attempt:
    return attempt(
        address,
        record(Stage.HANDSHAKE, 0.033),
        reply={"status": 200, "body_bytes": 512, "asked": "repository.eset.com"},
    )


def healthy(check: Check) -> Observation | None:
    """Everything as it should be."""
    made = {"tls": to_server, "mqtt": to_push, "http": to_web, "http_proxy": to_web}.get(check.protocol)
    return Observation([made()], duration_s=0.081 + check.port % 7 / 100) if made else None


def silent(check: Check) -> Observation:
    """No answer, while another port of the same host answers; the walk got to the second router."""
    evidence: list[Evidence] = [
        TtlWalk(
            address=SERVER, hops=[Hop(1, "10.31.4.1", 0.001), Hop(2, "10.30.0.9", 0.002)], probed=30, duration_s=2.3
        ),
        ControlPorts(address=SERVER, ports=[PortAnswer(443, "accepted", 0.003)]),
    ]
    return Observation([attempt(SERVER, record(Stage.CONNECT, 4.001, Failure.TIMEOUT))], evidence, 4.012)


def dropped(check: Check) -> Observation | None:
    if check.target_key == "server":
        return silent(check)
    if check.target_key == "push" and check.port == 8883:
        cut = attempt(NET4, record(Stage.TLS, 0.024, Failure.CONNECTION_RESET, received_bytes=0))
        return Observation([cut], [SilentControl(address=NET4, end="open", after_s=1.0)], 1.068)
    return healthy(check)


def no_names(check: Check) -> Observation | None:
    asked = [
        {"server": "10.20.0.2", "type": kind, "name": check.target, "failure": "dns_timeout", "duration_s": 3.8}
        for kind in ("A", "AAAA")
    ]
    gone = record(Stage.RESOLVE, 4.0, Failure.DNS_TIMEOUT, name=check.target, servers=asked, os="EAI_AGAIN")
    return Observation([Attempt(stages=[gone])], duration_s=4.0)


def behind_proxy(check: Check) -> Observation | None:
    if not check.via_destination:
        return silent(check) if check.target_key == "server" else healthy(check)
    if check.protocol == "http_proxy":
        return Observation([to_web(PROXY)], duration_s=0.066)
    if "push" in check.id:
        return Observation([to_push(PROXY, tunnel=True)], duration_s=0.117)
    refused = record(
        Stage.TUNNEL, 0.004, Failure.PROXY_REFUSED, status=403, server="squid/5.7", x_squid_error="ERR_ACCESS_DENIED 0"
    )
    return Observation([attempt(PROXY, refused)], duration_s=0.031)


def before_installation(check: Check) -> Observation | None:
    if check.target_key != "server":
        return healthy(check)
    reset = attempt(SERVER, record(Stage.CONNECT, 0.003, Failure.CONNECTION_REFUSED, errno="ECONNREFUSED"))
    return Observation(
        [reset],
        [Distance(address=SERVER, controls=[DistanceControl("udp-port-unreachable", 62)], refused_ttl=62)],
        0.092,
    )


def one_family(check: Check) -> Observation | None:
    if check.target_key != "push":
        return healthy(check)
    rejected = attempt(
        NET6,
        record(Stage.CONNECT, 0.006, Failure.HOST_UNREACHABLE),
        family="ipv6",
        icmp=Icmp(1, 1, "2001:db8:31::1", 0.0061, 6, ttl=63),
    )
    return Observation([rejected, to_push()], duration_s=0.121)


def inspected(check: Check) -> Observation | None:
    """An interceptor whose certificate carries hostile text."""
    issuer = "CN=Corp \x1b[31mInspection\x1b[0m [red]CA[/red] \u202eevil\u2066 2"
    seen = healthy(check)
    if seen is None or check.protocol not in ("mqtt", "tls"):
        return seen
    chain = tls(
        "epns.eset.com" if check.target_key == "push" else check.target, issuer, public="untrusted", os_store="trusted"
    )
    return Observation([msgspec.structs.replace(one, tls=chain) for one in seen.attempts], duration_s=0.09)


def deployment(check: Check) -> Observation | None:
    if check.protocol == "nbns":
        asked = record(Stage.HANDSHAKE, 4.0, Failure.TIMEOUT)
        stages = [record(Stage.RESOLVE, 0.004), record(Stage.ROUTE, 0.0001), asked]
        return Observation([Attempt(TARGET, "ipv4", SOURCE, stages)], duration_s=4.01)
    if check.protocol == "nbdgm":
        return Observation(evidence=[OneWay()])
    if check.id.endswith("tcp-139"):
        icmp = Icmp(3, 13, "10.31.5.1", 0.0042, ttl=63)
        return Observation(
            [attempt(TARGET, record(Stage.CONNECT, 0.0043, Failure.HOST_UNREACHABLE), icmp=icmp)], duration_s=0.011
        )
    facts = {"message": "NEGOTIATE", "dialect": "3.1.1", "signing": "required"}
    return Observation([attempt(TARGET, record(Stage.HANDSHAKE, 0.02), reply=facts)], duration_s=0.044)


def report_of(
    roles: list[str], site: dict[str, Any], sees: Sees, *, host: Host = HOST, phase: Phase = Phase.AUTO, **options: Any
) -> Report:
    """A report as a run would have made it, with a fixed name and moment."""
    profiles = [loading.load_profile(role) for role in roles]
    plan = planning.plan(
        [profile for profile, _ in profiles], site_of(("", site)), skip=options.pop("skip", ()), built=protocols.known
    )
    used = [ProfileUsed(profile.role, profile.version, digest, profile.source) for profile, digest in profiles]
    arguments = [part for role in roles for part in ("--role", role)]
    for name, value in site.items():
        if name != "connect_to":
            arguments += [part for one in _values(value) for part in (f"--{name.replace('_', '-')}", one)]
    arguments += ["--phase", phase.value] if phase is not Phase.AUTO else []
    request = audit.AuditRequest(Plan(plan.roles, _distinct(plan.checks)), used, phase, arguments=arguments)
    seen = {
        check.endpoint: found
        for check in request.plan.checks
        if check.endpoint and check.skip is None and (found := sees(check))
    }
    lasted = max((one.duration_s for one in seen.values()), default=0.0) + 0.05
    made = audit.conclude(request, host, Outcome(seen, options.pop("complete", True), False, 0.001), 0.0, lasted)
    run = msgspec.structs.replace(
        made.run, id="0" * 8, started_utc="2026-11-24T09:14:52Z", connect_to=site.get("connect_to", {})
    )
    return msgspec.structs.replace(made, run=run)


def _values(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _distinct(checks: list[Check]) -> list[Check]:
    """Every check its own endpoint, so that each sample may see something else where a run would dial once."""
    named = [
        (check, msgspec.structs.replace(check.endpoint, path=check.id) if check.endpoint else None) for check in checks
    ]
    return [msgspec.structs.replace(check, endpoint=endpoint) for check, endpoint in named]


def inbound(report: Report, said: dict[str, tuple[Verdict, str, Proof, PortHolder | None]]) -> Report:
    """Rows of this host, concluded by hand: (verdict, reason, proof, process)."""
    rows = []
    for row in report.checks:
        if row.direction is not Direction.OUTBOUND and row.id in said:
            verdict, reason, proof, process = said[row.id]
            findings = [Finding(reason, params=Params(firewall="not readable"))] if reason == "REACH_NOT_TESTED" else []
            row = msgspec.structs.replace(
                row,
                verdict=verdict,
                state=State.OPEN,
                reason=reason,
                proof=ProofReached(proof, row.proof.required),
                culprit=Culprit.LOCAL_HOST if verdict is Verdict.FAIL else None,
                where=Where(process=process),
                findings=findings,
                duration_s=0.013,
            )
        rows.append(row)
    return msgspec.structs.replace(report, checks=rows, summary=summary(rows))


def server_without_names() -> Report:
    said: dict[str, tuple[Verdict, str, Proof, PortHolder | None]] = {
        "server.listen.tcp-2222": (Verdict.PASS, "PORT_HELD_BY_PRODUCT", Proof.ACCEPTS, None),
        "server.listen.tcp-2223": (Verdict.UNPROVEN, "REACH_NOT_TESTED", Proof.NONE, None),
    }
    site = {
        "database": "sql.corp.example",
        "database_kind": "mssql",
        "domain_controller": "dc1.corp.example",
        "proxy": "bridge-01.corp.example",
    }
    return inbound(report_of(["server"], site, no_names), said)


SAMPLES: dict[str, Callable[[], Report]] = {
    "ready": lambda: report_of(["agent"], {"server": "protect.corp.example"}, healthy),
    "dropped": lambda: report_of(["agent"], {"server": "protect.corp.example"}, dropped),
    "no-names": server_without_names,
    "proxy": lambda: report_of(
        ["agent"], {"server": "protect.corp.example", "proxy": "bridge-01.corp.example"}, behind_proxy
    ),
    "pre": lambda: report_of(["agent"], {"server": "protect.corp.example"}, before_installation, phase=Phase.PRE),
    "families": lambda: report_of(
        ["agent"],
        {"server": "protect.corp.example"},
        one_family,
        host=msgspec.structs.replace(HOST, default_families=["ipv4", "ipv6"]),
    ),
    "roles": lambda: report_of(["agent", "webconsole"], {"server": "protect.corp.example"}, dropped),
    "inspected": lambda: report_of(["agent"], {"server": "protect.corp.example"}, inspected),
    "deployment": lambda: report_of(["deploy-source"], {"target": ["pc7.corp.example"]}, deployment),
    "redirected": lambda: report_of(
        ["agent"],
        {"server": "protect.corp.example", "connect_to": {"epns.eset.com:8883": "127.0.0.1:18883"}},
        healthy,
        skip=["*.repository.*"],
    ),
}


def load(name: str) -> Report:
    return from_json((REPORTS / f"{name}.json").read_bytes())


def write() -> None:
    REPORTS.mkdir(exist_ok=True)
    for name, make in SAMPLES.items():
        (REPORTS / f"{name}.json").write_bytes(to_json(make()))


if __name__ == "__main__":
    write()
    sys.stdout.write(f"wrote {len(SAMPLES)} reports\n")
