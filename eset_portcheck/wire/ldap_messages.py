"""LDAP messages as far as an anonymous look at the rootDSE needs them.

Source: RFC 4511 4.1.1 (LDAPMessage), 4.3 (unbind), 4.5.1 and 4.5.2 (search), 4.12 (extended), 4.4.1 (notice of
disconnection).
"""

from typing import Any

from pyasn1.type import constraint, namedtype, tag, univ

from eset_portcheck.wire import ber

_NAMED, _OPTIONAL = namedtype.NamedType, namedtype.OptionalNamedType
_APPLICATION, _CONTEXT = tag.tagClassApplication, tag.tagClassContext
# 4.1.1 maxInt; without it a peer could send a number that no report can hold.
_TO_MAX_INT = constraint.ValueRangeConstraint(0, 2**31 - 1)


def _application(number: int) -> Any:
    return univ.Sequence.tagSet.tagImplicitly(tag.Tag(_APPLICATION, tag.tagFormatConstructed, number))


class AttributeValues(univ.SetOf):  # type: ignore[misc]
    componentType = univ.OctetString()


class Attribute(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(_NAMED("type", univ.OctetString()), _NAMED("vals", AttributeValues()))


class Attributes(univ.SequenceOf):  # type: ignore[misc]
    componentType = Attribute()


class Entry(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(4)
    componentType = namedtype.NamedTypes(_NAMED("objectName", univ.OctetString()), _NAMED("attributes", Attributes()))


class Uris(univ.SequenceOf):  # type: ignore[misc]
    componentType = univ.OctetString()


_REFERRAL = Uris().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatConstructed, 3))
_RESULT = (
    _NAMED("resultCode", univ.Enumerated().subtype(subtypeSpec=_TO_MAX_INT)),
    _NAMED("matchedDN", univ.OctetString()),
    _NAMED("diagnosticMessage", univ.OctetString()),
    _OPTIONAL("referral", _REFERRAL),
)


class Done(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(5)
    componentType = namedtype.NamedTypes(*_RESULT)


class Extended(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(24)
    componentType = namedtype.NamedTypes(
        *_RESULT,
        _OPTIONAL("responseName", univ.OctetString().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatSimple, 10))),
        _OPTIONAL("responseValue", univ.OctetString().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatSimple, 11))),
    )


class Reference(univ.SequenceOf):  # type: ignore[misc]
    tagSet = univ.SequenceOf.tagSet.tagImplicitly(tag.Tag(_APPLICATION, tag.tagFormatConstructed, 19))
    componentType = univ.OctetString()


class Selection(univ.SequenceOf):  # type: ignore[misc]
    """AttributeSelection of a search."""

    componentType = univ.OctetString()


class Search(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(3)
    componentType = namedtype.NamedTypes(
        _NAMED("baseObject", univ.OctetString()),
        _NAMED("scope", univ.Enumerated()),
        _NAMED("derefAliases", univ.Enumerated()),
        _NAMED("sizeLimit", univ.Integer()),
        _NAMED("timeLimit", univ.Integer()),
        _NAMED("typesOnly", univ.Boolean()),
        _NAMED("filter", univ.OctetString().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatSimple, 7))),
        _NAMED("attributes", Selection()),
    )


class ExtendedRequest(univ.Sequence):  # type: ignore[misc]
    tagSet = _application(23)
    componentType = namedtype.NamedTypes(
        _NAMED("requestName", univ.OctetString().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatSimple, 0))),
    )


class Unbind(univ.Null):  # type: ignore[misc]
    tagSet = univ.Null.tagSet.tagImplicitly(tag.Tag(_APPLICATION, tag.tagFormatSimple, 2))


class Operation(univ.Choice):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        _NAMED("search", Search()),
        _NAMED("unbind", Unbind()),
        _NAMED("request", ExtendedRequest()),
        _NAMED("entry", Entry()),
        _NAMED("done", Done()),
        _NAMED("extended", Extended()),
        _NAMED("reference", Reference()),
    )


class Message(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        _NAMED("messageID", univ.Integer().subtype(subtypeSpec=_TO_MAX_INT)),
        _NAMED("protocolOp", Operation()),
        _OPTIONAL("controls", univ.Any().subtype(implicitTag=tag.Tag(_CONTEXT, tag.tagFormatConstructed, 0))),
    )


def search_root(message_id: int, attributes: tuple[str, ...]) -> bytes:
    """A base search of the empty name for (objectClass=*)."""
    search = Search()
    names = ("baseObject", "scope", "derefAliases", "sizeLimit", "timeLimit", "typesOnly", "filter")
    for name, value in zip(names, (b"", 0, 0, 1, 5, False, b"objectClass"), strict=True):
        search[name] = value
    search["attributes"].extend(name.encode() for name in attributes)
    message = Message()
    message["messageID"] = message_id
    message["protocolOp"]["search"] = search
    return ber.encode(message)


def extended(message_id: int, oid: str) -> bytes:
    """An extended request without a value."""
    message = Message()
    message["messageID"] = message_id
    message["protocolOp"]["request"]["requestName"] = oid
    return ber.encode(message)


def unbind(message_id: int) -> bytes:
    """The polite end; no answer follows it."""
    message = Message()
    message["messageID"] = message_id
    message["protocolOp"]["unbind"] = ""
    return ber.encode(message)


def parse(data: bytes) -> tuple[int, str, Any]:
    """(message id, operation name, operation). Raises ValueError."""
    message = ber.decode(data, Message())
    operation = message["protocolOp"]
    return int(message["messageID"]), str(operation.getName()), operation.getComponent()


def response_name(extended: Any) -> str:
    """The OID of an extended response; empty when it has none."""
    name = extended["responseName"]
    return bytes(name).decode("ascii", "replace") if name.hasValue() else ""
