"""Nothing reaches a report without a privacy class: neither a field of its structures nor a key of its tables of
facts."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import pytest

from eset_portcheck.model.privacy import Code, Facts, HostText, Privacy
from eset_portcheck.model.report import Report
from eset_portcheck.redaction.facts import of_key
from eset_portcheck.redaction.privacy import classes
from tests.each import each

ROOT = Path(__file__).resolve().parents[2] / "eset_portcheck"


def reached(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Every structure that can stand in a value of the type."""
    waiting, found = [kind], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            if one not in found:
                found.add(one)
                yield one
                waiting += [field.type for field in msgspec.structs.fields(one)]
        else:
            waiting += get_args(one)


STRUCTS = sorted(reached(Report), key=lambda one: one.__name__)


def test_all_of_a_report_is_reached() -> None:
    """By the published schema."""
    defined = {name.removeprefix("#/$defs/") for name in msgspec.json.schema(Report)["$defs"]}
    assert {one.__name__ for one in STRUCTS} == {
        name for name in defined if isinstance(msgspec.json.schema(Report)["$defs"][name].get("properties"), dict)
    }
    assert {"Report", "Row", "TtlWalk", "Hop", "WayIn", "StageRecord", "Fix"} <= {one.__name__ for one in STRUCTS}


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda one: one.__name__)
def test_every_field_has_a_class(struct: type[msgspec.Struct]) -> None:
    assert set(classes(struct)) == set(struct.__struct_fields__), (
        "declare the new field as one of the names of model/privacy.py"
    )


class Careless(msgspec.Struct):
    bare: str
    among: list[Code | str]
    table: dict[str, int]
    anything: Any
    listed: list[Any]


class Careful(msgspec.Struct):
    word: Literal["a", "b"]
    member: Privacy
    number: int | float | bool | None
    names: tuple[HostText, ...]
    table: dict[Code, HostText]
    facts: list[Facts] | None
    inner: list[Careless] | None


def test_what_says_nothing_has_none() -> None:
    assert classes(Careless) == {}
    assert classes(Careful) == {
        **dict.fromkeys(("word", "member", "number"), Privacy.CODE),
        **dict.fromkeys(("names", "table"), Privacy.HOST),
        "facts": Privacy.FACTS,
        "inner": Privacy.NESTED,
    }


def test_the_published_schema_says_it_too() -> None:
    row = msgspec.json.schema(Report)["$defs"]["Row"]["properties"]
    assert (row["target"]["x-privacy"], row["id"]["x-privacy"]) == ("host", "check-id")


# Tables that are no facts of a report: settings, lookups and messages on the wire.
_NO_FACTS = {
    "wire/kerberos_messages.py", "wire/ldap_messages.py", "wire/recognise.py", "wire/ber.py", "net/clock.py", "certificates/judge.py",
    # Privacy.RULES
    "packet_filter/evaluation.py", "packet_filter/matching.py", "packet_filter/packet.py", "packet_filter/fields.py", "packet_filter/statements.py", "packet_filter/ruleset.py", "packet_filter/rule_text.py", "packet_filter/windows.py",
    # Privacy.RULES
    "packet_filter/readers/iptables.py", "packet_filter/readers/nft.py", "packet_filter/readers/windows.py", "host/nftables.py", "host/programs.py", "host/windows_firewall.py",
    "diagnose/fixes.py", "diagnose/fixes_services.py", "diagnose/fixes_names.py", "diagnose/fixes_commands.py", "diagnose/stages.py",
}  # fmt: skip
_ELSEWHERE = {
    "protocols/mysql.py": "dialog mysql_clear_password caching_sha2_password client_ed25519 sha256_password",
    "host/linux_components.py": "agent bridge mdc rdsensor",
    "host/windows_components.py": "agent bridge mdc rdsensor webconsole",
    "packet_filter/predictions.py": "ruleset ruleset_bytes",  # Privacy.RULES
    "packet_filter/outline.py": "expr",  # Privacy.RULES
    "net/interfaces.py": "ipv4 ipv6",
    "sessions/push_session.py": "server_hostname",
    "wire/ntlm.py": "server_time_s",  # becomes server_time_utc
    "wire/smb1.py": "server_time_s",
    "wire/smb2.py": "server_time_s",
}


def keys(path: Path) -> set[str]:
    """Constant keys of dictionaries, and of item assignments."""
    found: set[object] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Assign):
            found |= {
                one.slice.value
                for one in node.targets
                if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant)
            }
    return {key for key in found if isinstance(key, str) and key.isidentifier() and not key.isupper()}


def sources() -> list[Path]:
    folders = ("protocols", "sessions", "net", "diagnose", "host", "packet_filter", "wire")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))] + [
        ROOT / "deep.py",
        ROOT / "running.py",
        ROOT / "planning.py",
    ]
    return [path for path in files if str(path.relative_to(ROOT)) not in _NO_FACTS]


@each("path", sources())
def test_every_key_of_a_fact_has_a_class(path: Path) -> None:
    """A new fact: write its key into redaction/facts.py, with what may stand in it. Without a class its texts would be
    lost by --redact strict."""
    known = _ELSEWHERE.get(str(path.relative_to(ROOT)), "").split()
    known += ["en", "es"] if path.parent.name == "protocols" else []  # languages of the sentence about a protocol
    assert {key for key in keys(path) if of_key("", key) is None} - set(known) == set()


def test_classes_are_used() -> None:
    from eset_portcheck.redaction.facts import BY_FIELD, KEYS

    used = (
        {kind for struct in STRUCTS for kind in classes(struct).values()} | set(KEYS.values()) | set(BY_FIELD.values())
    )
    assert used == set(Privacy)
