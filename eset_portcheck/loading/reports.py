"""Reports from disk, made by any version, on any machine, by anybody: read with limits, refused with the location of
the fault.

Sources: docs/contract.md#report (readers tolerate unknown fields); RFC 8259.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from eset_portcheck import files
from eset_portcheck.loading.migration import known, migrated
from eset_portcheck.model.report import SCHEMA_VERSION, Report, identified, identity
from eset_portcheck.wrong_use import PortcheckError

_DIGEST = re.compile(r"[0-9a-f]{32}")
MAX_BYTES = 64 * 1024 * 1024
MAX_VALUES = (
    2_000_000  # as dense as in a real report of that size; empty lists alone would take twenty-five times their size
)
MAX_ATTEMPTS = 1_000  # of one check
MAX_SERVERS = 100  # that a component is configured for
# of a check and an address, socket or proxy of this host; 5,000 checks of a busy server are a quarter of that
MAX_PAIRS = 2_000_000
MAX_DEPTH = 64  # a real report has about ten
_COMMA = ord(",")
_SHOWN = 4  # unknown fields
_AT = re.compile(r"(?P<what>.*) - at `\$?\.?(?P<path>.*)`\Z", re.DOTALL)


class ReportFileError(PortcheckError):
    """A file that is no report, or a broken one. One line: file, location, fault."""


class ReportFile(NamedTuple):
    """`intact` False: the id that the file bears is not that of its content. An id that is no digest tells nothing.

    `unknown`: locations of fields and kinds of evidence that this version does not know. What nobody here knows has no
    privacy class, so it goes no further: `report` is without them, and where the file was intact its id is that of what
    is left.
    """

    report: Report
    intact: bool
    unknown: list[str]


def load_report(path: Path) -> ReportFile:
    """Raises ReportFileError."""
    name = str(path)[:120]
    try:
        return parsed(files.read(path, MAX_BYTES), name)
    except files.Unusable as error:
        hint = " (- reads standard input)" if "is a pipe" in str(error) else ""
        raise ReportFileError(f"{name!a}: {error.args[0]}{hint}") from None


def read_report(file: IO[bytes], name: str) -> ReportFile:
    """As load_report, from a file that is open. `name` stands in the messages."""
    try:
        content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReportFileError(f"{name!a}: {files.told(error)}") from None
    if len(content) > MAX_BYTES:
        raise ReportFileError(f"{name!a}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return parsed(content, name)


def parsed(content: bytes, name: str) -> ReportFile:
    """As load_report. `name` stands in the messages."""
    # Before anything is made of it: all values but the first of a list or table follow one.
    if content.count(_COMMA) > MAX_VALUES:
        raise ReportFileError(f"{name!a}: more than {MAX_VALUES} values")
    try:
        plain = msgspec.json.decode(content)
        _check_head(plain)
        _check_depth(plain)
        today, strange = known(migrated(plain))
        report = msgspec.convert(today, Report, strict=True)
    except msgspec.ValidationError as error:
        raise ReportFileError(f"{name!a}: {_placed(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportFileError(f"{name!a}: not valid JSON, or incomplete: {error!s:.160}") from None
    except RecursionError:
        raise ReportFileError(f"{name!a}: nested too deeply") from None
    if too_much := _too_much(report):
        raise ReportFileError(f"{name!a}: {too_much}")
    seen: set[str] = set()
    for number, row in enumerate(report.checks):
        if row.id in seen:
            raise ReportFileError(f"{name!a}: checks[{number}].id: appears twice")
        seen.add(row.id)
    unknown = list(islice(chain(strange, _unknown(today, report, "")), _SHOWN))
    if not _DIGEST.fullmatch(report.run.id):
        return ReportFile(report, True, unknown)
    intact = identity(plain) == report.run.id
    return ReportFile(identified(report) if intact and unknown else report, intact, unknown)


def _too_much(report: Report) -> str:
    """Facts are judged row by row, each against what this host has: what no run could have written is not worth the
    time."""
    for number, row in enumerate(report.checks):
        if max(len(row.attempts), len(row.evidence)) > MAX_ATTEMPTS:
            return f"checks[{number}]: more than {MAX_ATTEMPTS} attempts or pieces of evidence"
    host = report.host
    held = len(host.connections) + len(host.listeners) + len(host.resolvers)
    held += sum(len(one.bypass) for one in host.proxy_sources) + sum(len(one.addresses) for one in host.interfaces)
    for number, one in enumerate(host.eset_products):
        if isinstance(servers := one.get("servers"), list) and len(servers) > MAX_SERVERS:
            return f"host.eset_products[{number}].servers: more than {MAX_SERVERS}"
    return f"host: too much beside {len(report.checks)} checks" if held * len(report.checks) > MAX_PAIRS else ""


def _unknown(plain: Any, made: Any, location: str) -> Iterator[str]:
    """Places of fields in `plain` that the structures made of it do not have. Tables of facts have no fixed fields, so
    nothing in them is unknown."""
    if isinstance(made, msgspec.Struct):
        fields = {field.encode_name: field.name for field in msgspec.structs.fields(made)}
        tag = made.__struct_config__.tag_field
        for key, value in plain.items():
            at = f"{location}.{key[:40]}" if location else key[:40]
            if key in fields:
                yield from _unknown(value, getattr(made, fields[key]), at)
            elif key != tag:
                yield ascii(at)[1:-1]
    elif isinstance(made, (list, tuple)):
        for number, (value, one) in enumerate(zip(plain, made, strict=True)):
            yield from _unknown(value, one, f"{location}[{number}]")
    elif isinstance(made, dict):
        for key, one in made.items():
            if isinstance(one, msgspec.Struct):
                yield from _unknown(plain[key], one, f"{location}[{key[:40]}]")


def _check_head(plain: Any) -> None:
    """Raises ValidationError for what is no report of this major version."""
    if not isinstance(plain, dict):
        raise msgspec.ValidationError("not a report: it must be a JSON object")
    version = plain.get("schema_version")
    if not isinstance(version, str) or not re.fullmatch(r"\d{1,9}\.\d{1,9}\.\d{1,9}", version):
        raise msgspec.ValidationError("not a report of this program: schema_version is missing - at `$.schema_version`")
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        known = SCHEMA_VERSION.partition(".")[0]
        raise msgspec.ValidationError(
            f"{version} is not supported; this version reads {known}.x - at `$.schema_version`"
        )


def _check_depth(plain: dict[str, Any]) -> None:
    """Raises ValidationError. What walks through a report later need not fear for its stack."""
    for name, value in plain.items():
        level = [value] if isinstance(value, (dict, list)) else []
        for _ in range(MAX_DEPTH):
            level = [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, (dict, list))
            ]
            if not level:
                break
        if level:
            raise msgspec.ValidationError(f"nested too deeply (more than {MAX_DEPTH} levels) - at `$.{name[:40]}`")


def _placed(message: str) -> str:
    """checks[3].port: Expected `int`, got `str`."""
    found = _AT.match(message)
    told = f"{found['path'] or 'report'}: {found['what']}" if found else message
    return told[:240].encode("ascii", "backslashreplace").decode("ascii")
