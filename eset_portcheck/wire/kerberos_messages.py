"""Kerberos messages: an AS-REQ for a client that does not exist, and the KRB-ERROR that comes back.

Source: RFC 4120 5.2 (basic types), 5.4.1 (KRB_AS_REQ), 5.9.1 (KRB-ERROR), 7.5.9 (error codes).
"""

import time
from typing import Any

from pyasn1.type import char, namedtype, tag, univ, useful

from eset_portcheck.wire import ber

_NAMED, _OPTIONAL = namedtype.NamedType, namedtype.OptionalNamedType


def _explicit(kind: Any, number: int) -> Any:
    return kind.subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _application(number: int) -> Any:
    return univ.Sequence.tagSet.tagExplicitly(tag.Tag(tag.tagClassApplication, tag.tagFormatConstructed, number))


class Names(univ.SequenceOf):  # type: ignore[misc]
    componentType = char.GeneralString()


class Numbers(univ.SequenceOf):  # type: ignore[misc]
    componentType = univ.Integer()


class PrincipalName(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(_NAMED("name-type", _explicit(univ.Integer(), 0)), _NAMED("name-string", _explicit(Names(), 1)))


class RequestBody(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        _NAMED("kdc-options", _explicit(univ.BitString(), 0)),
        _OPTIONAL("cname", _explicit(PrincipalName(), 1)),
        _NAMED("realm", _explicit(char.GeneralString(), 2)),
        _OPTIONAL("sname", _explicit(PrincipalName(), 3)),
        _NAMED("till", _explicit(useful.GeneralizedTime(), 5)),
        _NAMED("nonce", _explicit(univ.Integer(), 7)),
        _NAMED("etype", _explicit(Numbers(), 8)),
    )


class AsRequest(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(10)
    componentType = namedtype.NamedTypes(
        _NAMED("pvno", _explicit(univ.Integer(), 1)),
        _NAMED("msg-type", _explicit(univ.Integer(), 2)),
        _NAMED("req-body", _explicit(RequestBody(), 4)),
    )


class KrbError(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(30)
    componentType = namedtype.NamedTypes(
        _NAMED("pvno", _explicit(univ.Integer(), 0)),
        _NAMED("msg-type", _explicit(univ.Integer(), 1)),
        _OPTIONAL("ctime", _explicit(useful.GeneralizedTime(), 2)),
        _OPTIONAL("cusec", _explicit(univ.Integer(), 3)),
        _NAMED("stime", _explicit(useful.GeneralizedTime(), 4)),
        _NAMED("susec", _explicit(univ.Integer(), 5)),
        _NAMED("error-code", _explicit(univ.Integer(), 6)),
        _OPTIONAL("crealm", _explicit(char.GeneralString(), 7)),
        _OPTIONAL("cname", _explicit(PrincipalName(), 8)),
        _NAMED("realm", _explicit(char.GeneralString(), 9)),
        _NAMED("sname", _explicit(PrincipalName(), 10)),
        _OPTIONAL("e-text", _explicit(char.GeneralString(), 11)),
        _OPTIONAL("e-data", _explicit(univ.OctetString(), 12)),
    )


def as_request(realm: str, client: str, nonce: int, now_s: float) -> bytes:
    """AS-REQ for `client`, a ticket of one hour, without pre-authentication."""
    request = AsRequest()
    request["pvno"], request["msg-type"] = 5, 10
    body = request["req-body"]
    body["kdc-options"] = "'00000010'H"  # renewable-ok
    body["realm"] = realm
    for field, kind, parts in (("cname", 1, (client,)), ("sname", 2, ("krbtgt", realm))):
        body[field]["name-type"] = kind
        body[field]["name-string"].extend(parts)
    body["till"] = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now_s + 3600))
    body["nonce"] = nonce
    body["etype"].extend((18, 17, 20, 19, 23))
    return ber.encode(request)


def parse_error(data: bytes) -> dict[str, Any]:
    """Code, KDC's time (seconds since 1970) and realm of a KRB-ERROR. Raises ValueError."""
    error = ber.decode(data, KrbError())
    if int(error["pvno"]) != 5 or int(error["msg-type"]) != 30:
        raise ValueError("not version 5")
    stamp = bytes(error["stime"]).decode("ascii")
    try:
        moment_s = _seconds(stamp)
    except (ValueError, OverflowError) as problem:
        raise ValueError("stime") from problem
    return {"code": int(error["error-code"]), "stime_s": moment_s, "realm": bytes(error["realm"]).decode("latin-1")[:128]}


def _seconds(stamp: str) -> int:
    """KerberosTime: YYYYMMDDhhmmssZ, UTC, no fraction (RFC 4120 5.2.3)."""
    from calendar import timegm

    return timegm(time.strptime(stamp, "%Y%m%d%H%M%SZ"))
