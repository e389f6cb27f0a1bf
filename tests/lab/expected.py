"""What a row must say, and how tests compare: verdict, reason, culprit, place, proof. Alternatives are space
separated."""

from dataclasses import dataclass

from tests.lab.result import Report, Result

CULPRIT = {  # reason: the culprits that may stand beside it (docs/contract.md#reason-codes)
    "REFUSED_BY_HOST": "remote-service",
    "REFUSED_ORIGIN_UNKNOWN": "remote-service",
    "REFUSED_NEARER_THAN_HOST": "middlebox",
    "REJECTED_BY_TARGET_FIREWALL": "remote-firewall",
    "REJECTED_IN_PATH": "middlebox",
    "REJECTED_LOCALLY": "local-firewall",
    "TCP_NO_ANSWER": "unknown local-firewall middlebox forward-path return-path remote-firewall",
    "UDP_NO_ANSWER": "unknown",
    "HOST_DOWN": "remote-host local-host",
    "GATEWAY_DOWN": "local-route",
    "DNS_SINKHOLED": "dns local-host",
    "NET_UNREACHABLE": "routing",
    "TTL_EXPIRED": "routing",
    "NO_ROUTE": "local-route",
    "ROUTE_PROHIBITED": "local-route",
    "PMTU_BLACKHOLE": "middlebox",
    "CAPTIVE_PORTAL": "middlebox",
    "TLS_RESET_ON_HELLO": "middlebox",
    "TLS_INTERCEPTED": "tls-interceptor",
    "PROXY_AUTH_REQUIRED": "proxy",
    "PROXY_REFUSED_CONNECT": "proxy",
    "PROXY_UPSTREAM_FAILED": "proxy unknown dns remote-service remote-host remote-firewall remote-config",
    **{f"DNS_{what}": "dns" for what in ("NXDOMAIN", "SERVFAIL", "REFUSED", "TIMEOUT", "UNREACHABLE", "BAD_ANSWER")},
    "DNS_NO_ADDRESS": "dns local-host",
}
NEVER_SURE = ("TCP_NO_ANSWER", "UDP_NO_ANSWER", "REFUSED_ORIGIN_UNKNOWN")
SPOKEN = ("tls", "protocol", "product", "authorised")
EXIT = {"fail": 1, "unproven": 3, "warn": 0, "pass": 0}


@dataclass(frozen=True)
class Expected:
    """findings: must be among the row's. where, not_where: an address that must, must not be named. exit_code: None =
    by the verdict."""

    verdict: str
    reason: str = ""
    where: str = ""
    not_where: str = ""
    findings: tuple[str, ...] = ()
    state: str = ""
    exit_code: int | None = None

    def holds(self, result: Result, check_id: str) -> Report:
        """The row. AssertionError with what it says."""
        row = result.row(check_id)
        found = [finding["reason"] for finding in row["findings"]]
        said = f"{check_id}: {row['verdict']} {row['reason']} {row['culprit']} {row['confidence']} {row['where']} {row['proof']} {row['state']} {found}"
        assert row["verdict"] in self.verdict.split(), said
        assert not self.reason or row["reason"] in self.reason.split(), said
        assert row["culprit"] in CULPRIT.get(row["reason"], row["culprit"] or "").split() or row["culprit"] is None, (
            said
        )
        assert not (row["reason"] in NEVER_SURE and row["confidence"] == "proven"), said
        assert set(self.findings) <= set(found), said
        assert len(set(found) - {row["reason"]}) <= 3, said
        assert not self.state or row["state"] in self.state.split(), said
        named = _strings(row["where"])
        assert not self.where or self.where in named, said
        assert not self.not_where or self.not_where not in named, said
        if row["verdict"] == "pass" and row["reason"] != "REFUSED_BY_HOST":
            assert row["proof"]["reached"] in SPOKEN, said
        assert result.code == (EXIT[row["verdict"]] if self.exit_code is None else self.exit_code), said
        return row


@dataclass(frozen=True)
class Case:
    """A fault, the arguments of `check`, the row to look at, and every other row that the fault touches too."""

    fault: str
    row: str
    expected: Expected
    arguments: tuple[str, ...] = ()
    phase: str = "post"
    also: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.fault if self.phase == "post" else f"{self.fault}-{self.phase}"


def _strings(value: object) -> set[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {text for item in value for text in _strings(item)}
    return {str(value)}
