"""Nothing reaches a report without a privacy class: neither a field of its structures nor a key of its tables of facts."""

import ast
import importlib
import pkgutil
from pathlib import Path

import msgspec
import pytest

from eset_portcheck import model
from eset_portcheck.redaction.facts import of_key
from eset_portcheck.redaction.privacy import NOT_WRITTEN, PRIVACY, Privacy
from tests.each import each

ROOT = Path(__file__).resolve().parents[2] / "eset_portcheck"
STRUCTS = {
    one
    for module in pkgutil.iter_modules(model.__path__, f"{model.__name__}.")
    for one in vars(importlib.import_module(module.name)).values()
    if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct
}


def test_every_structure_of_the_model_is_classed_or_never_written() -> None:
    assert set(PRIVACY) | NOT_WRITTEN == STRUCTS
    assert not set(PRIVACY) & NOT_WRITTEN


@pytest.mark.parametrize("struct", PRIVACY, ids=lambda one: one.__name__)
def test_every_field_has_a_class(struct: type[msgspec.Struct]) -> None:
    assert set(PRIVACY[struct]) == set(struct.__struct_fields__), "write the new field into redaction/privacy.py"


def test_what_a_report_reaches_is_classed() -> None:
    """By the schema: a structure that only a report file holds cannot be called never written."""
    from eset_portcheck.model.report import Report

    reached = {name.removeprefix("#/$defs/") for name in msgspec.json.schema(Report)["$defs"]}
    assert reached & {one.__name__ for one in STRUCTS} <= {one.__name__ for one in PRIVACY}


# Tables that are no facts of a report: settings, lookups and messages on the wire.
_NO_FACTS = {
    "wire/kerberos_messages.py", "wire/ldap_messages.py", "wire/recognise.py", "wire/ber.py", "net/clock.py", "certificates/judge.py",
    "packet_filter/evaluation.py", "packet_filter/matching.py", "packet_filter/packet.py", "packet_filter/ruleset.py", "packet_filter/rule_text.py", "packet_filter/windows.py",  # Privacy.RULES
    "packet_filter/readers/iptables.py", "packet_filter/readers/nft.py", "packet_filter/readers/windows.py", "host/nftables.py", "host/programs.py", "host/windows_firewall.py",  # Privacy.RULES
    "diagnose/fixes.py", "diagnose/fixes_services.py", "diagnose/fixes_commands.py", "diagnose/stages.py",
}  # fmt: skip
_ELSEWHERE = {
    "protocols/mysql.py": "dialog mysql_clear_password caching_sha2_password client_ed25519 sha256_password",
    "host/linux_components.py": "agent bridge mdc rdsensor",
    "host/windows_components.py": "agent bridge mdc rdsensor webconsole",
    "packet_filter/predictions.py": "ruleset ruleset_bytes",  # Privacy.RULES
    "packet_filter/outline.py": "expr",  # Privacy.RULES
    "net/dial.py": "ipv4 ipv6",
    "sessions/push_session.py": "server_hostname",
    "wire/ntlm.py": "server_time_s",  # becomes server_time_utc
    "wire/smb1.py": "server_time_s",
    "wire/smb2.py": "server_time_s",
}


def keys(path: Path) -> set[str]:
    """Constant keys of dictionaries, of item assignments, and of the facts given to Broken."""
    found: set[object] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Assign):
            found |= {one.slice.value for one in node.targets if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Broken":
            found |= {one.arg for one in node.keywords if one.arg}
    return {key for key in found if isinstance(key, str) and key.isidentifier() and not key.isupper()}


def sources() -> list[Path]:
    folders = ("protocols", "sessions", "net", "diagnose", "host", "packet_filter", "wire")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))] + [ROOT / "deep.py", ROOT / "running.py", ROOT / "planning.py"]
    return [path for path in files if str(path.relative_to(ROOT)) not in _NO_FACTS]


@each("path", sources())
def test_every_key_of_a_fact_has_a_class(path: Path) -> None:
    """A new fact: write its key into redaction/facts.py, with what may stand in it. Without a class its texts would be lost by --redact strict."""
    known = _ELSEWHERE.get(str(path.relative_to(ROOT)), "").split()
    known += ["en", "es"] if path.parent.name == "protocols" else []  # languages of the sentence about a protocol
    assert {key for key in keys(path) if of_key("", key) is None} - set(known) == set()


def test_classes_are_used() -> None:
    from eset_portcheck.redaction.facts import BY_FIELD, KEYS

    used = {kind for fields in PRIVACY.values() for kind in fields.values()} | set(KEYS.values()) | set(BY_FIELD.values())
    assert used == set(Privacy)
