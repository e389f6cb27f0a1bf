"""Structures with fields for many users, of which each fills its own. None: not said; it is not written."""

from typing import Any, Self

import msgspec


class Partial(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The default of every field is None."""

    def onto(self, other: Self) -> Self:
        """`other`, with what is said here in the place of what it says."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(other, **said) if said else other

    def as_table(self) -> dict[str, Any]:
        """What is said, by the names of the report."""
        table: dict[str, Any] = msgspec.to_builtins(self)
        return table
