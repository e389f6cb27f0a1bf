"""What a chain proves for a row, by who was expected to have signed it. Pure; the facts were judged by
certificates/judge.py.

Source: docs/contract.md#certificates.
"""

from typing import Any

import msgspec

from eset_portcheck.diagnose.reading import Reading, rank, silent
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.reasons import REASONS, Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Proof, State, Trust, Verdict

EXPIRES_SOON_DAYS = 30


class Opinion(msgspec.Struct, frozen=True):
    """`proof`: tls, or product when chain, dates and name are as expected. `problem`: a reason code, with `fails`
    saying whether it disproves."""

    proof: Proof
    problem: ReasonCode | None = None
    fails: bool = False
    warns: bool = False
    findings: tuple[Finding, ...] = ()
    confidence: Confidence | None = None


def opinion(row: Row, tls: TlsFacts) -> Opinion:
    """Chain first (an interceptor's names and dates are always right), then dates, then the name."""
    about = describe(tls)
    soon = _soon(tls)
    match row.trust:
        case Trust.PUBLIC:
            return _public(row, tls, about, soon)
        case Trust.UNKNOWN:
            return _unknown(tls, about, soon)
        case Trust.SITE:
            return _site(row, tls, about, soon)
    return Opinion(Proof.TLS, findings=soon)


def _public(row: Row, tls: TlsFacts, about: dict[str, Any], soon: tuple[Finding, ...]) -> Opinion:
    if tls.public != "trusted":
        if tls.os_store == "trusted":
            fails = row.inspection == "fail"
            return Opinion(
                Proof.TLS,
                "TLS_INTERCEPTED",
                fails=fails,
                warns=not fails,
                findings=(Finding("TLS_INTERCEPTED", params=about),),
            )
        return Opinion(Proof.TLS, "TLS_UNKNOWN_CA", fails=True, findings=(Finding("TLS_UNKNOWN_CA", params=about),))
    return _dates_and_name(tls, about, soon, fails=True) or Opinion(Proof.PRODUCT, findings=soon)


def _unknown(tls: TlsFacts, about: dict[str, Any], soon: tuple[Finding, ...]) -> Opinion:
    """The push service: nobody here has seen its issuer, so an unknown one is a warning."""
    if tls.public != "trusted" and tls.os_store == "trusted":
        return Opinion(Proof.TLS, "TLS_INTERCEPTED", fails=True, findings=(Finding("TLS_INTERCEPTED", params=about),))
    wrong = _dates_and_name(tls, about, soon, fails=True)
    if wrong is not None:
        return wrong
    if tls.public != "trusted":
        return Opinion(
            Proof.TLS,
            "TLS_UNKNOWN_CA",
            warns=True,
            findings=(Finding("TLS_UNKNOWN_CA", params=about),),
            confidence=Confidence.LIKELY,
        )
    return Opinion(Proof.PRODUCT, findings=soon)


def _site(row: Row, tls: TlsFacts, about: dict[str, Any], soon: tuple[Finding, ...]) -> Opinion:
    """Certificates of the site's own authority. SHA-1 is what ESET issued up to 8.0: recorded, not refused."""
    if tls.site is not None:
        if tls.site == "untrusted":
            return Opinion(Proof.TLS, "TLS_UNKNOWN_CA", fails=True, findings=(Finding("TLS_UNKNOWN_CA", params=about),))
        return _dates_and_name(tls, about, soon, fails=True) or Opinion(Proof.PRODUCT, findings=soon)
    wrong = _dates_and_name(tls, about, soon, fails=False)
    if wrong is not None:
        # a warning is a pass: where more than TLS is asked (an authority was given), this is not it
        return (
            wrong
            if row.full_proof is not Proof.PRODUCT
            else Opinion(Proof.TLS, findings=wrong.findings, confidence=Confidence.LIKELY)
        )
    if tls.public == "trusted":
        return Opinion(Proof.PRODUCT, findings=soon)
    return Opinion(Proof.TLS, findings=(Finding("TLS_UNKNOWN_CA", params=about), *soon), confidence=Confidence.LIKELY)


def _dates_and_name(tls: TlsFacts, about: dict[str, Any], soon: tuple[Finding, ...], *, fails: bool) -> Opinion | None:
    if tls.expired:
        problem: ReasonCode = "TLS_EXPIRED"
    elif tls.not_yet_valid:
        problem = "TLS_NOT_YET_VALID"
    elif tls.name_matches is False:
        problem = "TLS_WRONG_NAME"
    else:
        return None
    return Opinion(
        Proof.TLS,
        problem,
        fails=fails,
        warns=not fails,
        findings=(Finding(problem, params=about), *(soon if problem == "TLS_WRONG_NAME" else ())),
    )


def _soon(tls: TlsFacts) -> tuple[Finding, ...]:
    days = tls.expires_in_days
    if days is None or tls.expired or tls.not_yet_valid or days > EXPIRES_SOON_DAYS:
        return ()
    return (
        Finding(
            "TLS_EXPIRES_SOON", params={"days": days, "not_after": tls.chain[0].not_after_utc if tls.chain else ""}
        ),
    )


def describe(tls: TlsFacts) -> dict[str, Any]:
    """The facts a person needs to recognise the certificate. Names in it are the peer's text."""
    if not tls.chain:
        return {"asked": tls.name}
    leaf = tls.chain[0]
    return {
        "asked": tls.name,
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "sha256": leaf.sha256,
        "not_before": leaf.not_before_utc,
        "not_after": leaf.not_after_utc,
        "names": leaf.names[:5],
    }


def apply(row: Row, tls: TlsFacts | None, reading: Reading) -> Reading:
    """A reading of what was spoken, corrected by what the certificate is worth."""
    if tls is None:
        return reading
    said = opinion(row, tls)
    ca = tls.chain[0].issuer if tls.chain else None
    if said.problem is not None and said.fails:
        reason = said.problem
        return Reading(
            Proof.TLS,
            reason,
            State.OPEN,
            REASONS[reason].culprit,
            Confidence.PROVEN,
            Where(address=reading.where.address, ca=ca),
            said.findings,
        )
    findings = (*reading.findings, *said.findings)
    if reading.fails or rank(reading.reason) is not Rank.PASS:
        return msgspec.structs.replace(reading, findings=findings)
    if said.problem is not None and said.warns:
        return msgspec.structs.replace(
            reading,
            reason=said.problem,
            culprit=REASONS[said.problem].culprit,
            confidence=said.confidence or Confidence.PROVEN,
            where=msgspec.structs.replace(reading.where, ca=ca),
            findings=findings,
            disproves=False,
            verdict=Verdict.WARN,
        )
    reached = reading.reached
    # a good certificate is the product's identity only once everything the row's protocol has to say was said
    spoken = Proof.TLS if silent(row) else Proof.PROTOCOL
    if said.proof is Proof.PRODUCT and reached.reaches(spoken) and not reached.reaches(Proof.PRODUCT):
        reached = Proof.PRODUCT
    return msgspec.structs.replace(
        reading, reached=reached, findings=findings, confidence=said.confidence or reading.confidence
    )
