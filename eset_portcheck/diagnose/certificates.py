"""What a chain proves for a row, by who was expected to have signed it. Pure; the facts were judged by
certificates/judge.py.

Source: docs/contract.md#certificates.
"""

import msgspec

from eset_portcheck.diagnose.inspectors import Inspector, inspector_of
from eset_portcheck.diagnose.reading import Reading, rank, silent
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import REASONS, Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Proof, State, Trust, Verdict

EXPIRES_SOON_DAYS = 30
MADE_JUST_NOW_DAYS = 1
_OLD = ("SSLv3", "TLSv1", "TLSv1.1")  # RFC 8996 retired them


class Opinion(msgspec.Struct, frozen=True):
    """`proof`: tls, or product when chain, dates and name are as expected. `problem`: a reason code, with `fails`
    saying whether it disproves; `culprit` where it is not the usual one."""

    proof: Proof
    problem: ReasonCode | None = None
    fails: bool = False
    warns: bool = False
    findings: tuple[Finding, ...] = ()
    confidence: Confidence | None = None
    culprit: Culprit | None = None


def opinion(row: Row, tls: TlsFacts) -> Opinion:
    """Chain first (an interceptor's names and dates are always right), then dates, then the name."""
    about = describe(tls)
    soon = _soon(tls)
    match row.trust:
        case Trust.PUBLIC:
            return _public(row, tls, about, soon)
        case Trust.UNKNOWN:
            return _unknown(row, tls, about, soon)
        case Trust.SITE:
            return _site(row, tls, about, soon)
    return Opinion(Proof.TLS, findings=soon)


def _public(row: Row, tls: TlsFacts, about: Params, soon: tuple[Finding, ...]) -> Opinion:
    if tls.public != "trusted":
        return _made_on_the_way(row, tls, about) or _unknown_authority(tls, about)
    return _dates_and_name(tls, about, soon, fails=True) or Opinion(Proof.PRODUCT, findings=soon)


def _unknown(row: Row, tls: TlsFacts, about: Params, soon: tuple[Finding, ...]) -> Opinion:
    """The push service: nobody here has seen its issuer, so an unknown one is a warning."""
    if tls.public != "trusted" and (made := _made_on_the_way(row, tls, about)) is not None:
        return made
    wrong = _dates_and_name(tls, about, soon, fails=True)
    if wrong is not None:
        return wrong
    if tls.public != "trusted":
        return msgspec.structs.replace(_unknown_authority(tls, about), fails=False, warns=True)
    return Opinion(Proof.PRODUCT, findings=soon)


def _site(row: Row, tls: TlsFacts, about: Params, soon: tuple[Finding, ...]) -> Opinion:
    """Certificates of the site's own authority. SHA-1 is what ESET issued up to 8.0: recorded, not refused. A pinned
    certificate is as good as one of the authority given."""
    if tls.pinned or tls.site in ("trusted", "weak"):
        return _dates_and_name(tls, about, soon, fails=True) or Opinion(Proof.PRODUCT, findings=soon)
    if tls.site is not None or tls.pinned is not None:
        by_a_public_one = tls.public == "trusted"
        return (None if by_a_public_one else _made_on_the_way(row, tls, about)) or _unknown_authority(tls, about)
    return _site_unasked(row, tls, about, soon)


def _site_unasked(row: Row, tls: TlsFacts, about: Params, soon: tuple[Finding, ...]) -> Opinion:
    """Neither authority nor pin was given: who it is cannot be told, when it is valid can."""
    wrong = _dates_and_name(tls, about, soon, fails=tls.expired or tls.not_yet_valid)
    # a warning is a pass: where more than TLS is asked (an authority was given), this is not it
    may_warn = row.full_proof is not Proof.PRODUCT
    if wrong is not None and (may_warn or wrong.fails):
        return wrong
    if wrong is not None:
        return Opinion(Proof.TLS, findings=wrong.findings, confidence=Confidence.LIKELY)
    if tls.public == "trusted":
        return Opinion(Proof.PRODUCT, findings=soon)
    unsaid = (Finding("TLS_UNKNOWN_CA", params=about), Finding("IDENTITY_NOT_CHECKED", params=_identity(tls)), *soon)
    known = inspector_of(tls)
    if known is not None and may_warn:
        made = Finding("TLS_INTERCEPTED", params=Params(inspector=known.product).onto(about))
        return Opinion(
            Proof.TLS,
            "TLS_INTERCEPTED",
            warns=True,
            findings=(made, *unsaid),
            confidence=Confidence.LIKELY,
            culprit=_who(known),
        )
    if tls.age_days is not None and 0 <= tls.age_days <= MADE_JUST_NOW_DAYS and may_warn:
        return Opinion(Proof.TLS, "TLS_UNKNOWN_CA", warns=True, findings=unsaid, confidence=Confidence.POSSIBLE)
    return Opinion(Proof.TLS, findings=unsaid, confidence=Confidence.LIKELY)


def _identity(tls: TlsFacts) -> Params:
    return Params(issuer=tls.chain[0].issuer, sha256=tls.chain[0].sha256) if tls.chain else NOTHING


def _who(known: Inspector | None) -> Culprit:
    return Culprit.LOCAL_HOST if known is not None and known.here else Culprit.TLS_INTERCEPTOR


def _made_on_the_way(row: Row, tls: TlsFacts, about: Params) -> Opinion | None:
    """Signed by an authority that should not sign here: one that this machine alone trusts, the site's own for a public
    name, or one that names itself after a product that decrypts TLS."""
    known = inspector_of(tls)
    by_machine = tls.os_store == "trusted"
    by_site = row.trust is not Trust.SITE and tls.site in ("trusted", "weak")
    if not (by_machine or by_site or known):
        return None
    fails = row.inspection == "fail"
    seen = Params(
        through=(tls.trusted_through or None) if by_machine else None, inspector=known.product if known else None
    )
    return Opinion(
        Proof.TLS,
        "TLS_INTERCEPTED",
        fails=fails,
        warns=not fails,
        findings=(Finding("TLS_INTERCEPTED", params=seen.onto(about)),),
        confidence=Confidence.PROVEN if by_machine else Confidence.LIKELY,
        culprit=_who(known),
    )


def _unknown_authority(tls: TlsFacts, about: Params) -> Opinion:
    """An interceptor, or a server that does not send all of its chain, or that signed for itself: alone they look the
    same."""
    last = tls.chain[-1] if tls.chain else None
    unsent = last.issuer if last is not None and not last.self_signed and tls.public != "trusted" else ""
    by_itself = bool(tls.chain) and tls.chain[0].self_signed
    seen = Params(missing_issuer=unsent or None, self_signed=by_itself or None)
    of_config = bool(unsent) or by_itself or tls.public == "trusted"
    return Opinion(
        Proof.TLS,
        "TLS_UNKNOWN_CA",
        fails=True,
        findings=(Finding("TLS_UNKNOWN_CA", params=seen.onto(about)),),
        confidence=Confidence.LIKELY,
        culprit=Culprit.REMOTE_CONFIG if of_config else Culprit.TLS_INTERCEPTOR,
    )


def _dates_and_name(tls: TlsFacts, about: Params, soon: tuple[Finding, ...], *, fails: bool) -> Opinion | None:
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
    params = Params(days=days, not_after=tls.chain[0].not_after_utc if tls.chain else "")
    return (Finding("TLS_EXPIRES_SOON", params=params),)


def describe(tls: TlsFacts) -> Params:
    """The facts a person needs to recognise the certificate. Names in it are the peer's text."""
    if not tls.chain:
        return Params(asked=tls.name)
    leaf = tls.chain[0]
    return Params(
        asked=tls.name,
        subject=leaf.subject,
        issuer=leaf.issuer,
        sha256=leaf.sha256,
        not_before=leaf.not_before_utc,
        not_after=leaf.not_after_utc,
        names=leaf.names[:5],
    )


def apply(row: Row, tls: TlsFacts | None, reading: Reading) -> Reading:
    """A reading of what was spoken, corrected by what the certificate is worth."""
    if tls is None:
        return reading
    said = opinion(row, tls)
    old = (Finding("TLS_OLD_VERSION", params=Params(version=tls.version)),) if tls.version in _OLD else ()
    ca = tls.chain[0].issuer if tls.chain else None
    if said.problem is not None and said.fails:
        reason = said.problem
        return Reading(
            Proof.TLS,
            reason,
            State.OPEN,
            said.culprit or REASONS[reason].culprit,
            said.confidence or Confidence.PROVEN,
            Where(address=reading.where.address, ca=ca),
            (*said.findings, *old),
        )
    findings = (*reading.findings, *said.findings, *old)
    if reading.fails or rank(reading.reason) is not Rank.PASS:
        return msgspec.structs.replace(reading, findings=findings)
    if said.problem is not None and said.warns:
        return msgspec.structs.replace(
            reading,
            reason=said.problem,
            culprit=said.culprit or REASONS[said.problem].culprit,
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
