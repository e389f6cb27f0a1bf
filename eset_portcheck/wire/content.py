"""What the body of an HTTP answer is: ESET's index, or any of the things that a filter, a portal or a web server says
in its place.

Nobody here has seen the index of repository.eset.com (docs/sources.md), so it is known by what a notice never is: lines
of names and values that speak of a repository or a version, sections as in update.ver, or a binary file of no known
kind that is sent as one. All else is somebody's words. Sources: RFC 9110 8.3, 8.4; docs/decisions/0046.
"""

import re
from typing import Literal

Kind = Literal["index", "empty", "html", "json", "xml", "image", "script", "text", "compressed", "binary"]

_HTML = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_IMAGES = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"BM", b"\x00\x00\x01\x00", b"II*\x00", b"MM\x00*")
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")
_KNOWN = (
    b"%PDF",
    b"MZ",
    b"\x7fELF",
    b"RIFF",
    b"ID3",
    b"OggS",
    b"wOFF",
    b"wOF2",
    b"FWS",
    b"CWS",
    b"\x16\x03",
    b"\x15\x03",
)
_BINARY_TYPES = ("", "application/octet-stream", "binary/octet-stream")
_LINE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,63})[ \t]*[:=][ \t]*(?P<value>.*)")
_SECTION = re.compile(r"\[[A-Z][A-Z0-9_]{0,63}\]")  # as update.ver has them
_NOTICE = re.compile(
    r"block|den(y|ied)|forbid|polic|categor|filter|prohibit|restrict|log.?in|firewall|authori[sz]|not allowed|error"
    r"|proxy|portal|accept|quota|violat|malware|virus|https?://|<",
    re.IGNORECASE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEAST_BINARY_BYTES = 32


def kind(body: bytes, content_type: str, encoding: str = "", *, whole: bool = True) -> Kind:
    """`content_type`, `encoding`: header fields as sent. `whole` False: more would have come, the last line is cut."""
    media = content_type.partition(";")[0].strip().lower()
    if not body:
        return "empty"
    if _HTML.match(body) or "html" in media:
        return "html"
    if body.startswith(_COMPRESSED) or encoding.strip().lower() not in ("", "identity"):
        return "compressed"
    if body.startswith(_IMAGES) or media.startswith(("image/", "video/", "audio/", "font/")) or body[8:12] == b"WEBP":
        return "image"
    text = _text(body)
    if text is None:
        return "index" if _binary_index(body, media) else "binary"
    start = text.lstrip()[:1]
    if media.endswith(("json", "+json")) or start in ("{", '"') or (start == "[" and not _SECTION.match(text.lstrip())):
        return "json"
    if media.endswith("xml") or start == "<":
        return "xml"
    if "script" in media or media == "text/css":
        return "script"
    return "index" if _lines_of_an_index(text, whole=whole) else "text"


def _text(body: bytes) -> str | None:
    """None for what is no text; the end of a body may have cut a character."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(body) - 3:
            return None
        text = body[: error.start].decode("utf-8-sig")
    return None if _CONTROLS.search(text) else text


def _binary_index(body: bytes, media: str) -> bool:
    return len(body) >= _LEAST_BINARY_BYTES and media in _BINARY_TYPES and not body.startswith(_KNOWN)


def _lines_of_an_index(text: str, *, whole: bool) -> bool:
    """Every line a name with its value, none a word of a notice: a repository, two lines with a version, sections."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in (lines if whole else lines[:-1]) if line and not line.startswith(("#", ";"))]
    sections = [line for line in lines if _SECTION.fullmatch(line)]
    named = [_LINE.fullmatch(line) for line in lines if not _SECTION.fullmatch(line)]
    if not named or None in named or _NOTICE.search(text):
        return False
    values = {found["name"].lower(): found["value"].lower() for found in named if found is not None}
    is_repository = "repository" in values.get("type", "")
    return is_repository or bool(sections) or ("version" in values and len(values) > 1)
