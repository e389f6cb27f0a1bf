"""Reports with any number of different names, addresses and certificates: what redaction and comparing have to number
and to find again."""

import gc
import time
from pathlib import Path

import msgspec

from eset_portcheck.model.finding import Finding
from eset_portcheck.model.host import Interface, Listening
from eset_portcheck.model.observation import Attempt, Certificate, TlsFacts
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import Report, from_json
from eset_portcheck.model.subject import SkipParams
from eset_portcheck.redaction import redacted

SAMPLES = Path(__file__).resolve().parents[1] / "unit" / "reports"
ROWS = 5_000


def report_of(names: int, sample: str = "dropped") -> Report:
    """`names` different values of each kind that gets a pseudonym (host, address, user, authority, fingerprint,
    interface), spread over at most ROWS rows. Every row fails, so every one has a cause. The command line stays short:
    it stands in every row."""
    kept = from_json((SAMPLES / f"{sample}.json").read_bytes())
    failed = next(row for row in kept.checks if row.verdict.value == "fail")
    rows, causes = [], []
    count = min(names, ROWS)
    each = -(-names // count)
    for number in range(count):
        mine = range(number * each, min((number + 1) * each, names))
        chain = [_certificate(one) for one in mine]
        host = f"pc{number}.site{number}.corp{number}.test"
        attempts = [
            Attempt(
                _address(one),
                "ipv4",
                tls=TlsFacts(name=host, chain=chain if one == mine[0] else [], public="untrusted"),
            )
            for one in mine
        ]
        told = Finding(
            "TLS_UNKNOWN_CA",
            params=Params(issuer=f"CN=Authority {number}", names=[f"pc{one}.corp.test" for one in mine]),
        )
        row = msgspec.structs.replace(
            failed,
            id=f"{failed.id}.n{number}",
            target=host,
            attempts=attempts,
            findings=[told],
            skip_params=SkipParams(error=f"seen by user=u{number}x"),
        )
        rows.append(row)
        causes.append(msgspec.structs.replace(kept.causes[0], id=f"C{number}", explains=[row.id]))
    listeners = [
        Listening(
            "tcp", f"10.{one >> 8 & 255}.{one & 255}.9", 2222, one, "x", f"/srv/p{one}/x", user=f"CORP\\worker{one}"
        )
        for one in range(names)
    ]
    interfaces = [Interface(f"if-nic{one}", [f"fd00::{one >> 16:x}:{one & 65535:x}"]) for one in range(names)]
    arguments = [word for one in range(min(names, 20)) for word in ("--ca-file", f"/srv/ca{one}.pem")]
    host_facts = msgspec.structs.replace(kept.host, listeners=listeners, interfaces=interfaces)
    run = msgspec.structs.replace(kept.run, arguments=arguments)
    return msgspec.structs.replace(kept, run=run, host=host_facts, checks=rows, causes=causes)


def _certificate(number: int) -> Certificate:
    return Certificate(
        f"CN=Name {number},O=Owner {number}",
        f"CN=Authority {number}",
        "2026-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        f"{number:064x}",
    )


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def redacting_s(names: int) -> float:
    """Processor seconds of one `--redact strict`. The collector of garbage is held: it would count objects, not
    work."""
    report = report_of(names)
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        redacted(report, strict=True)
        return time.process_time() - started
    finally:
        gc.enable()
