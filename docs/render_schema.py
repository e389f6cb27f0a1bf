"""Writes docs/report.schema.json, the JSON Schema of a report, from the model. `--check` exits 1 where it differs. The
wheel carries it too.

Source: JSON Schema 2020-12; readers tolerate fields that it does not name.
"""

import sys
from pathlib import Path

import msgspec

from eset_portcheck.model.report import SCHEMA_VERSION, Report

FILE = Path(__file__).with_name("report.schema.json")


def schema() -> bytes:
    made = msgspec.json.schema(Report)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:eset-portcheck:report:{SCHEMA_VERSION}",
        "title": "A report of eset-portcheck",
    }
    return msgspec.json.format(msgspec.json.encode(head | made), indent=1) + b"\n"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        if FILE.read_bytes() != schema():
            sys.exit("docs/report.schema.json differs from the model: run docs/render_schema.py")
    else:
        FILE.write_bytes(schema())
