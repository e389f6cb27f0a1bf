"""Kerberos messages: an AS-REQ for a client that does not exist, and the KRB-ERROR (or AS-REP) that comes back.

Source: RFC 4120 5.2 (basic types), 5.3 (Ticket), 5.4.1 (AS-REQ), 5.4.2 (AS-REP), 5.9.1 (KRB-ERROR).
"""

import time
from calendar import timegm
from typing import Any

from pyasn1.type import char, constraint, namedtype, tag, univ, useful

from eset_portcheck.wire import ber

TEXT_LIMIT = 128
_NAMED, _OPTIONAL = namedtype.NamedType, namedtype.OptionalNamedType


def _explicit(kind: Any, number: int) -> Any:
    return kind.subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _application(number: int) -> Any:
    return univ.Sequence.tagSet.tagExplicitly(tag.Tag(tag.tagClassApplication, tag.tagFormatConstructed, number))


def _integer(low: int, high: int) -> Any:
    return univ.Integer().subtype(subtypeSpec=constraint.ValueRangeConstraint(low, high))


def _version() -> Any:
    return _integer(5, 5)


INT32 = _integer(-(2**31), 2**31 - 1)  # 5.2.4; without it a peer could send a number that no report can hold
KVNO = _integer(-(2**31), 2**32 - 1)  # UInt32, but sent as a signed one by old implementations


class Names(univ.SequenceOf):  # type: ignore[misc]
    componentType = char.GeneralString()


class Numbers(univ.SequenceOf):  # type: ignore[misc]
    componentType = univ.Integer()


class PrincipalName(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        _NAMED("name-type", _explicit(INT32, 0)), _NAMED("name-string", _explicit(Names(), 1))
    )


class EncryptedData(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        _NAMED("etype", _explicit(INT32, 0)),
        _OPTIONAL("kvno", _explicit(KVNO, 1)),
        _NAMED("cipher", _explicit(univ.OctetString(), 2)),
    )


class Ticket(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(1)
    componentType = namedtype.NamedTypes(
        _NAMED("tkt-vno", _explicit(_version(), 0)),
        _NAMED("realm", _explicit(char.GeneralString(), 1)),
        _NAMED("sname", _explicit(PrincipalName(), 2)),
        _NAMED("enc-part", _explicit(EncryptedData(), 3)),
    )


class PreAuthentication(univ.Sequence):  # type: ignore[misc]
    """PA-DATA."""

    componentType = namedtype.NamedTypes(
        _NAMED("padata-type", _explicit(INT32, 1)), _NAMED("padata-value", _explicit(univ.OctetString(), 2))
    )


class PreAuthentications(univ.SequenceOf):  # type: ignore[misc]
    componentType = PreAuthentication()


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
        _NAMED("pvno", _explicit(_version(), 1)),
        _NAMED("msg-type", _explicit(_integer(10, 10), 2)),
        _NAMED("req-body", _explicit(RequestBody(), 4)),
    )


class AsReply(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(11)
    componentType = namedtype.NamedTypes(
        _NAMED("pvno", _explicit(_version(), 0)),
        _NAMED("msg-type", _explicit(_integer(11, 11), 1)),
        _OPTIONAL("padata", _explicit(PreAuthentications(), 2)),
        _NAMED("crealm", _explicit(char.GeneralString(), 3)),
        _NAMED("cname", _explicit(PrincipalName(), 4)),
        _NAMED("ticket", _explicit(Ticket(), 5)),
        _NAMED("enc-part", _explicit(EncryptedData(), 6)),
    )


class KrbError(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(30)
    componentType = namedtype.NamedTypes(
        _NAMED("pvno", _explicit(_version(), 0)),
        _NAMED("msg-type", _explicit(_integer(30, 30), 1)),
        _OPTIONAL("ctime", _explicit(useful.GeneralizedTime(), 2)),
        _OPTIONAL("cusec", _explicit(_integer(0, 999_999), 3)),
        _NAMED("stime", _explicit(useful.GeneralizedTime(), 4)),
        _NAMED("susec", _explicit(_integer(0, 999_999), 5)),
        _NAMED("error-code", _explicit(INT32, 6)),
        _OPTIONAL("crealm", _explicit(char.GeneralString(), 7)),
        _OPTIONAL("cname", _explicit(PrincipalName(), 8)),
        _NAMED("realm", _explicit(char.GeneralString(), 9)),
        _NAMED("sname", _explicit(PrincipalName(), 10)),
        _OPTIONAL("e-text", _explicit(char.GeneralString(), 11)),
        _OPTIONAL("e-data", _explicit(univ.OctetString(), 12)),
    )


class EncryptionType(univ.Sequence):  # type: ignore[misc]
    """ETYPE-INFO2-ENTRY and the older ETYPE-INFO-ENTRY (5.2.7.5, 5.2.7.4): the salt has another type in each."""

    componentType = namedtype.NamedTypes(
        _NAMED("etype", _explicit(INT32, 0)),
        _OPTIONAL("salt", univ.Any().subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, 1))),
        _OPTIONAL("s2kparams", _explicit(univ.OctetString(), 2)),
    )


class EncryptionTypes(univ.SequenceOf):  # type: ignore[misc]
    componentType = EncryptionType()


_ETYPE_INFO = (19, 11)  # PA-ETYPE-INFO2, PA-ETYPE-INFO: the newer one says all
MAX_TYPES = 16


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


def parse_reply(data: bytes) -> list[int]:
    """Raises ValueError for what is no AS-REP. The encryption type that the KDC chose; the rest is encrypted for its
    client."""
    return [int(ber.decode(data, AsReply())["enc-part"]["etype"])]


def _encryption_types(method_data: bytes) -> list[int]:
    """Those that the KDC has for the client, from METHOD-DATA (5.9.1); none where it is something else."""
    try:
        offered = {
            int(one["padata-type"]): bytes(one["padata-value"]) for one in ber.decode(method_data, PreAuthentications())
        }
        kind = next((one for one in _ETYPE_INFO if one in offered), None)
        if kind is None:
            return []
        return [int(one["etype"]) for one in ber.decode(offered[kind], EncryptionTypes())][:MAX_TYPES]
    except ValueError:  # other contents of e-data are as good
        return []


def parse_error(data: bytes) -> dict[str, Any]:
    """Code, the KDC's time (whole seconds since 1970, and microseconds) and realm of a KRB-ERROR. Raises ValueError."""
    error = ber.decode(data, KrbError())
    return {
        "code": int(error["error-code"]),
        "stime_s": _seconds(bytes(error["stime"])),
        "susec": int(error["susec"]),
        "realm": bytes(error["realm"]).decode("latin-1")[:TEXT_LIMIT],
        "encryption_types": _encryption_types(bytes(error["e-data"])) if error["e-data"].hasValue() else [],
    }


def _seconds(stamp: bytes) -> int:
    """KerberosTime (5.2.3): YYYYMMDDhhmmssZ, UTC, no fraction. Raises ValueError."""
    if len(stamp) != 15 or not stamp[:14].isdigit():
        raise ValueError("KerberosTime")
    return timegm(time.strptime(stamp.decode("ascii"), "%Y%m%d%H%M%SZ"))
