"""The one file of a command that writes one: begun before the work, whole or not at all."""

from pathlib import Path

from eset_portcheck.files import Unusable
from eset_portcheck.files.replacement import Replacement
from eset_portcheck.wrong_use import WrongUse


def begun(path: Path, *, replace: bool) -> Replacement:
    """Looked at and begun before anything else is done. Raises WrongUse."""
    try:
        file = Replacement(path)
        if file.present is not None and not replace:
            raise WrongUse(f"{_location(path)}: already exists (--force replaces it)")
        file.open()
    except Unusable as error:
        raise WrongUse(f"{_location(path)}: {error.args[0]}") from None
    return file


def write(file: Replacement, content: bytes, *, replace: bool) -> None:
    """Raises WrongUse. The old file stays until the new one is whole; what another has just put there is not
    overwritten either."""
    try:
        file.write(content, over=replace)
    except FileExistsError:
        raise WrongUse(f"{_location(file.path)}: already exists (--force replaces it)") from None
    except OSError as error:
        raise WrongUse(f"{_location(file.path)}: cannot be written: {error.strerror or type(error).__name__}") from None


def _location(path: Path) -> str:
    return f"-o {str(path)[:120]!a}"
