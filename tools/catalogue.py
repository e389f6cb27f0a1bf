"""Brings eset_portcheck/texts/es.po in line with the sources and compiles es.mo. `--check` writes nothing and exits 1
when something is to be done.

The English texts are literals of the translator (KEYWORDS) and the words for people in profiles/*.toml, reasons.toml
and the demo's faults. New ones come in empty: their `msgstr` is written by hand into es.po; what no source says any
more goes. See docs/translating.md.
Source: GNU gettext manual, "The Format of PO Files".
"""

import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from eset_portcheck.standins.faults import FAULTS

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "eset_portcheck" / "texts"
LANGUAGE = "es"
KEYWORDS = {"say": None, "message": None, "translate": None, "_": None, "count": (1, 2), "forms": (1, 2)}
WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")  # a source that is more than letters and names of pages
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.svg", "jinja2")]
COMMENT = "# The short texts in Spanish. msgid belongs to tools/catalogue.py: write only msgstr, then run it."
HEADERS = {
    "Project-Id-Version": "eset-portcheck",
    "Language": LANGUAGE,
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
}

Id = str | tuple[str, ...]


def sources() -> Iterator[tuple[str, Id]]:
    """(file, English text or its two forms), in the order of the files."""
    found = extract_from_dir(ROOT / "eset_portcheck", METHODS, keywords=KEYWORDS, strip_comment_tags=True)
    for name, _, text, _, _ in sorted(found, key=lambda one: (one[0], one[1])):
        yield f"eset_portcheck/{name}", text
    for file in sorted((ROOT / "profiles").glob("*.toml")):
        profile = tomllib.loads(file.read_text(encoding="utf-8"))
        rows = [row.get(name, "") for row in profile["requirement"] for name in ("purpose", "note", "retired")]
        values = [value["meaning"] for value in profile["values"].values()]
        cited = [
            source
            for source in (profile["source"], *(row["source"] for row in profile["requirement"]))
            if WORDS.search(source)
        ]
        yield from (
            (f"profiles/{file.name}", text)
            for text in (profile["title"], profile["runs_on"], *values, *rows, *cited)
            if text
        )
    reasons = tomllib.loads((TEXTS / "reasons.toml").read_text(encoding="utf-8"))
    yield from (
        ("eset_portcheck/texts/reasons.toml", step["who"]) for entry in reasons.values() for step in entry["fix"]
    )
    yield from (("eset_portcheck/standins/faults.py", fault.text) for fault in FAULTS.values())


class SpanishTexts(Catalog):
    """Without dates, names and versions in the header: the file changes only when a text does."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return list(HEADERS.items())


def renewed(kept: bytes) -> Catalog:
    """The catalogue of `kept` with exactly the texts of the sources."""
    old = read_po(io.BytesIO(kept), locale=LANGUAGE)
    new = SpanishTexts(locale=LANGUAGE, header_comment=COMMENT, fuzzy=False)
    for file, text in sources():
        known = old.get(text[0] if isinstance(text, tuple) else text)
        said = known.string if known is not None and isinstance(known.id, str) == isinstance(text, str) else ""
        new.add(text, said, locations=[(file, 0)], user_comments=known.user_comments if known is not None else ())
    return new


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """(es.po, es.mo)."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalogue, width=120, include_lineno=False)
    write_mo(mo, catalogue)
    return po.getvalue(), mo.getvalue()


def untranslated(catalogue: Catalog) -> list[str]:
    """One line for each text without its Spanish, with what to do."""
    lacking = [
        one
        for one in catalogue
        if one.id and not (all(one.string) if isinstance(one.string, tuple | list) else one.string)
    ]
    return [
        f"{one.locations[0][0]}: no Spanish for {one.id!r}: write its msgstr in eset_portcheck/texts/es.po, then run "
        "tools/catalogue.py"
        for one in lacking
    ]


def main(arguments: list[str]) -> int:
    files = (TEXTS / f"{LANGUAGE}.po", TEXTS / f"{LANGUAGE}.mo")
    kept = [file.read_bytes() if file.is_file() else b"" for file in files]
    catalogue = renewed(kept[0])
    made = written(catalogue)
    faults = untranslated(catalogue)
    if "--check" in arguments:
        faults += [
            f"{file.relative_to(ROOT)} differs from its sources: run tools/catalogue.py"
            for file, a, b in zip(files, kept, made, strict=True)
            if a != b
        ]
    else:
        for file, content in zip(files, made, strict=True):
            file.write_bytes(content)
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
