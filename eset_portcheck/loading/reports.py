"""Reports from disk, made by any version, on any machine, by anybody: read with limits, refused with the place of the fault.

Source: the project's contract, section 4 (readers tolerate unknown fields); RFC 8259.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.model.report import SCHEMA_VERSION, Report, identity

_DIGEST = re.compile(r"[0-9a-f]{32}")
MAX_BYTES = 64 * 1024 * 1024
_AT = re.compile(r"(?P<what>.*) - at `\$?\.?(?P<path>.*)`\Z", re.DOTALL)


class ReportFileError(Exception):
    """A file that is no report, or a broken one. One line: file, place, fault."""


class ReportFile(NamedTuple):
    """`intact` False: the id that the file bears is not that of its content. An id that is no digest tells nothing."""

    report: Report
    intact: bool


def load_report(path: Path) -> ReportFile:
    """Raises ReportFileError."""
    name = str(path)[:120]
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ReportFileError(f"{name!a}: cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}") from None
    if len(content) > MAX_BYTES:
        raise ReportFileError(f"{name!a}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return parsed(content, name)


def parsed(content: bytes, name: str) -> ReportFile:
    """As load_report. `name` stands in the messages."""
    try:
        plain = msgspec.json.decode(content)
        _check_head(plain)
        report = msgspec.convert(plain, Report, strict=True)
    except msgspec.ValidationError as error:
        raise ReportFileError(f"{name!a}: {_placed(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportFileError(f"{name!a}: no JSON, or cut off: {error!s:.160}") from None
    except RecursionError:
        raise ReportFileError(f"{name!a}: nested too deeply") from None
    seen: set[str] = set()
    for number, row in enumerate(report.checks):
        if row.id in seen:
            raise ReportFileError(f"{name!a}: checks[{number}].id: stands there twice")
        seen.add(row.id)
    return ReportFile(report, not _DIGEST.fullmatch(report.run.id) or identity(plain) == report.run.id)


def _check_head(plain: Any) -> None:
    """Raises ValidationError for what is no report of this major version."""
    if not isinstance(plain, dict):
        raise msgspec.ValidationError("no report: an object is needed")
    version = plain.get("schema_version")
    if not isinstance(version, str) or not re.fullmatch(r"\d{1,9}\.\d{1,9}\.\d{1,9}", version):
        raise msgspec.ValidationError("no report of this program: its version is missing - at `$.schema_version`")
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        known = SCHEMA_VERSION.partition(".")[0]
        raise msgspec.ValidationError(f"{version} is of another kind than {known}.x, which this version reads - at `$.schema_version`")


def _placed(message: str) -> str:
    """checks[3].port: Expected `int`, got `str`."""
    found = _AT.match(message)
    told = f"{found['path'] or 'report'}: {found['what']}" if found else message
    return told[:240].encode("ascii", "backslashreplace").decode("ascii")
