"""A report rebuilt with every text shown to an eye: the eye decides by class, the walk only knows where things
stand."""

from typing import Any, Protocol, TypeVar

import msgspec

from eset_portcheck.model.privacy import Privacy
from eset_portcheck.redaction.facts import of_key
from eset_portcheck.redaction.privacy import classes

T = TypeVar("T", bound=msgspec.Struct)


class Eye(Protocol):
    """`kind` None: a key that nobody knows."""

    def text(self, kind: Privacy | None, text: str) -> str: ...

    def arguments(self, words: list[str]) -> list[str]: ...

    def netbios(self, name: str, *, is_user: bool) -> str: ...


def rewritten(struct: T, eye: Eye) -> T:
    """Field by field, in the order of the structure: the order decides who becomes number one."""
    said = classes(type(struct))
    changed: dict[str, Any] = {}
    for field in struct.__struct_fields__:
        value = getattr(struct, field)
        # Without a class (a test tells): with the care of a key that nobody knows.
        new = _value(field, said.get(field), value, eye)
        if new is not value:
            changed[field] = new
    return msgspec.structs.replace(struct, **changed) if changed else struct


def _value(field: str, kind: Privacy | None, value: Any, eye: Eye) -> Any:
    if kind is Privacy.NESTED:
        if isinstance(value, (list, tuple)):
            return [rewritten(one, eye) for one in value]
        if isinstance(value, dict):
            return {eye.text(Privacy.CODE, name): rewritten(one, eye) for name, one in value.items()}
        return rewritten(value, eye) if isinstance(value, msgspec.Struct) else value
    if kind is Privacy.ARGUMENTS:
        return eye.arguments(value)
    if kind is Privacy.FACTS:
        return _facts(field, None, value, eye)
    return _plain(kind, value, eye)


def _plain(kind: Privacy | None, value: Any, eye: Eye) -> Any:
    """Texts in lists and tables, keys included (a redirect is a table of hosts)."""
    if isinstance(value, str):
        # Members of closed sets are texts too, of a type of their own.
        return eye.text(kind, value) if type(value) is str else value
    if isinstance(value, (list, tuple)):
        made = [_plain(kind, one, eye) for one in value]
        return tuple(made) if isinstance(value, tuple) else made
    if isinstance(value, dict):
        if kind is Privacy.RULES:
            return {key: _rules(key, one, eye) for key, one in value.items()}
        return {_plain(kind, key, eye): _plain(kind, one, eye) for key, one in value.items()}
    return value


def _facts(field: str, key: str | None, value: Any, eye: Eye) -> Any:
    """`key`: under which the value stands; None for the table itself, whose own keys decide."""
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and "suffix" in value:
            return value | {"name": eye.netbios(value["name"], is_user=_is_user(value))}
        # a key is a word of ours, yet a report file may hold anything
        return {eye.text(Privacy.CODE, name): _facts(field, name, one, eye) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_facts(field, key, one, eye) for one in value]
    if isinstance(value, str):
        return eye.text(Privacy.CODE if key is None else of_key(field, key), value)
    return value


def _is_user(name: dict[str, Any]) -> bool:
    """Suffix 03 of a unique name: the messenger's, who is logged on (or the computer once more: then it has suffix 00
    as well)."""
    return name.get("suffix") == 3 and not name.get("group")


_REMARKS = frozenset({"comment", "description", "remark"})


def _rules(key: str, value: Any, eye: Eye) -> Any:
    """Rules as a firewall's own tools tell them. A prefix is {"addr", "len"}: its host bits must stay empty."""
    if isinstance(value, dict):
        if isinstance(value.get("addr"), str) and isinstance(value.get("len"), int):
            network = eye.text(Privacy.RULES, f"{value['addr']}/{value['len']}")
            return value | {"addr": network.partition("/")[0]}
        return {name: _rules(name, one, eye) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rules(key, one, eye) for one in value]
    if isinstance(value, str):
        # a digest of rules whose addresses are hidden would prove whoever guesses them right
        kind = None if key in _REMARKS else Privacy.FINGERPRINT if key.endswith("sha256") else Privacy.RULES
        return eye.text(kind, value)
    return value
