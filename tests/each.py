"""One test for many texts of one form: as a loop, since a case of pytest for each costs more than looking at it. All
that are wrong are named."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest


def each(name: str, values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Like pytest.mark.parametrize(name, values), in one test: every value is tried, and those that fail are told
    together."""
    every = list(values)
    assert every, f"no {name} to try"

    def decorator(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def loop(**given: Any) -> None:
            wrong = []
            for value in every:
                try:
                    test(**given, **{name: value})
                except (AssertionError, pytest.fail.Exception) as error:
                    wrong.append(f"{name} = {str(value)[:200]}: {error}")
                except Exception as error:
                    error.add_note(f"{name} = {value!r}")
                    raise
            assert not wrong, f"{len(wrong)} of {len(every)}:\n" + "\n".join(wrong)

        signature = inspect.signature(test)
        loop.__signature__ = signature.replace(
            parameters=[one for one in signature.parameters.values() if one.name != name]
        )  # type: ignore[attr-defined]
        return loop

    return decorator
