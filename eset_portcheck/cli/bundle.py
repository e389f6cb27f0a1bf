"""`bundle`: the zip for the ticket. The same report always makes the same bytes, so that two copies can be compared by
their digest."""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from eset_portcheck import interrupts, streams
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import redacting
from eset_portcheck.cli.files_of_one import begun, write
from eset_portcheck.cli.language import add_language
from eset_portcheck.cli.report import read

FORMATS = {"report.html": "html", "report.json": "json", "report.md": "md"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip can name
_REGULAR_0644 = 0o100644 << 16
_WIDTH = 100


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "bundle",
        help="make the ZIP for a ticket",
        description=(
            "Packs a report as HTML, JSON and Markdown with digests into one ZIP. Exit code: 0 written, 2 not "
            "readable or not writable."
        ),
    )
    parser.add_argument("file", metavar="FILE.json", help="JSON report; - reads standard input")
    parser.add_argument(
        "-o", "--output", metavar="FILE.zip", help="default: eset-portcheck-ID.zip here, with the report's ID"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    add_language(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        if arguments.output and Path(arguments.output).suffix.lower() != ".zip":
            raise shared.WrongUse(f"-o {arguments.output[:120]!a}: the suffix must be zip")
        report = read(arguments.file)
        interrupts.hold()
        private = redacting.Redacting(arguments)
        report = private.apply(report)
        path = Path(arguments.output or f"eset-portcheck-{_word(report.run.id)}.zip")
        file = begun(path, replace=arguments.force)
        private.close()
        write(file, packed(report, arguments.lang), replace=arguments.force)
    except shared.WrongUse as error:
        return shared.refuse(error)
    name = str(path)
    streams.put(name if name.isprintable() else ascii(name))
    return 0


def _word(name: str) -> str:
    """Of a report from elsewhere: only what no path could be made of."""
    return "".join(sign for sign in name[:40] if sign.isascii() and sign.isalnum()) or "report"


def packed(report: Any, language: str) -> bytes:
    """A zip: the formats, manifest.json, and SHA256SUMS over all of them (sha256sum -c reads it).

    Stored, not deflated: one version of zlib packs otherwise than the next, and then the same report would make other
    bytes on another machine.
    Source: PKWARE APPNOTE 6.3.
    """
    import msgspec

    from eset_portcheck import __version__
    from eset_portcheck.render import FORMATS as RENDERS

    settings = {"width": _WIDTH, "ascii": False, "colour": False, "language": language}
    files = {name: RENDERS[form](report, **settings) for name, form in FORMATS.items()}
    manifest = {
        "kind": "eset-portcheck bundle",
        "report_id": report.run.id,
        "schema_version": report.schema_version,
        "made_by": f"eset-portcheck {__version__}",
        "language": language,
        "files": [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        ],
    }
    files["manifest.json"] = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    files["SHA256SUMS"] = sums.encode("ascii")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, _REGULAR_0644  # as on Unix, on any system
            archive.writestr(entry, content, zipfile.ZIP_STORED)
    return out.getvalue()
