"""Texts as an element tree that cannot be broken out of, and Markdown made of it by a kept library with all the
escapes.

What looks like an address that renderers make a link of stands as code. Source: CommonMark 0.31; GitHub Flavored
Markdown (tables, autolinks).
"""

import re
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from markdownify import MarkdownConverter

# What renderers make links of; codes.
_LITERAL = re.compile(r"(\S*(?://|(?i:www\.)|@)\S*|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b)")


def to_markdown(root: Element) -> str:
    """Ends in a line break; no line has trailing blanks, no two empty lines follow each other."""
    converter = MarkdownConverter(heading_style="ATX", bullets="-", autolinks=False, escape_misc=True, wrap=False)
    # the parser of the library drops what HTML cannot hold; a report holds none of it (render.text)
    text: str = converter.convert(tostring(root, encoding="unicode", method="html"))
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept) + "\n"


def put(parent: Element, text: str) -> None:
    """After what is there already; addresses as code, so that no renderer makes links of what a peer said, and our
    codes, which else bear backslashes."""
    for number, piece in enumerate(_LITERAL.split(text)):
        if number % 2:
            SubElement(parent, "code").text = piece
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + piece
        else:
            parent.text = (parent.text or "") + piece


def put_table(root: Element, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = SubElement(root, "table")
    line = SubElement(SubElement(table, "thead"), "tr")
    for cell in head:
        put(SubElement(line, "th"), cell)
    body = SubElement(table, "tbody")
    for row in rows:
        line = SubElement(body, "tr")
        for cell in row:
            put(SubElement(line, "td"), cell)
