"""What each field of a report may hold, as far as privacy goes: read off the types of the model. What says nothing is a
failing test (tests/house/test_privacy.py), and is treated with the care of a key that nobody knows.
"""

from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from eset_portcheck.model.privacy import Privacy

_WITHOUT_TEXT = (int, float, bool, type(None))


@cache
def classes(struct: type[msgspec.Struct]) -> dict[str, Privacy]:
    """Field -> its class. A field that may hold a text of which nothing is said has none."""
    found = {field.name: _class(field.type) for field in msgspec.structs.fields(struct)}
    return {name: privacy for name, privacy in found.items() if privacy is not None}


def _class(kind: Any) -> Privacy | None:
    """Whatever is said within the type; nested for structures; a code for what holds no text of anybody's."""
    if isinstance(kind, type):
        return (
            Privacy.NESTED
            if issubclass(kind, msgspec.Struct)
            else Privacy.CODE
            if kind in _WITHOUT_TEXT or issubclass(kind, Enum)
            else None
        )
    if get_origin(kind) is Annotated:
        said = next(
            (meta.extra["privacy"] for meta in kind.__metadata__ if meta.extra and "privacy" in meta.extra), None
        )
        return said or _class(kind.__origin__)
    if kind is Ellipsis or get_origin(kind) is Literal:
        return Privacy.CODE
    inner = [_class(one) for one in get_args(kind)]
    if not inner or None in inner:
        return None
    return next((one for one in inner if one is not Privacy.CODE), Privacy.CODE)
