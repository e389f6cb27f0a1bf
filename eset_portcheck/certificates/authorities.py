"""Certificates of authorities, as files hold them: one by one, so that an odd one costs nothing but itself. And the set
that "public" means: Mozilla's.

Sources: RFC 7468 section 5 (certificates as text); the recording of installed files of the Python packaging user guide
(RECORD), where certifi's digest stands.
"""

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

_PEM = re.compile(
    "-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL
)


class NotMozillas(LookupError):
    """certifi's file is not there, or not the one that its package brought. Says which."""


def certificates(text: str) -> list[bytes]:
    """What stands in a PEM bundle, in its order: DER as claimed, not looked into; b"" for a block that is no base64."""
    return [_decoded(block) for block in _PEM.findall(text)]


def _decoded(block: str) -> bytes:
    try:
        return base64.b64decode("".join(block.split()), validate=True)
    except ValueError:
        return b""


def mozillas() -> str:
    """The text of certifi's own file. Raises NotMozillas.

    Never `certifi.where()`: distributions, and packages that bring in "the system's certificates", let it point to this
    machine's store. And never a file that somebody added an authority to, which is what companies with an inspecting
    proxy do: it would make the inspector public.
    """
    module = find_spec("certifi")  # its import would cost a run more than the reading
    if module is None or module.origin is None:
        raise NotMozillas("certifi is not installed")
    folder = Path(module.origin).parent
    try:
        data = (folder / "cacert.pem").read_bytes()
    except OSError:
        raise NotMozillas(
            "certifi's own cacert.pem is not there: this installation of certifi takes the machine's store for it"
        ) from None
    recorded = [digest for record in folder.parent.glob("certifi-*.dist-info/RECORD") for digest in _recorded(record)]
    if recorded and _digest(data) not in recorded:
        raise NotMozillas(
            "certifi's cacert.pem was changed after it was installed: authorities of somebody else may be in it"
        )
    return data.decode("ascii", "replace")


def _recorded(record: Path) -> list[str]:
    """Lines are path,sha256=DIGEST,size; a file without a digest is none that could be compared."""
    try:
        text = record.read_text("utf-8", "replace")
    except OSError:
        return []
    return re.findall(r"^certifi/cacert\.pem,sha256=([\w-]+),", text, re.MULTILINE)


def _digest(data: bytes) -> str:
    """As RECORD writes it: base64 for URLs, without its padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
