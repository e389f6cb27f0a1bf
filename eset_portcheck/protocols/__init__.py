"""One file each, with one `PROTOCOL` in it (wire/protocol.py says what stands there). `find` gives it, or None when
nobody has built that protocol.

Third parties register theirs, an instance of `Protocol`, in the entry point group `eset_portcheck.protocols`; built-ins
win.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from eset_portcheck.model.plan import Endpoint
from eset_portcheck.wire.protocol import Protocol

BUILT_IN = frozenset(module.name for module in pkgutil.iter_modules(__path__))
GROUP = "eset_portcheck.protocols"


def find(name: str) -> Protocol | None:
    """The descriptor of a protocol; imports its file on first use. None also for a registered object that cannot be
    loaded or is no Protocol."""
    if name in BUILT_IN:
        found = importlib.import_module(f"{__name__}.{name}").PROTOCOL
        assert isinstance(found, Protocol)  # noqa: S101  # a test reads them all
        return found
    return _loaded(name) if name in _registered() else None


def afterwards(endpoint: Endpoint) -> bool:
    """Is something tried on another connection once this one has ended well?"""
    protocol = find(endpoint.protocol)
    return endpoint.uploads or (protocol is not None and protocol.continuation is not None)


def known(name: str) -> bool:
    """Is there a descriptor? Loads none."""
    return name in BUILT_IN or name in _registered()


@cache
def _loaded(name: str) -> Protocol | None:
    """Somebody else's code: whatever it does, only the rows that name it suffer."""
    try:
        found = _registered()[name].load()
    except Exception:  # noqa: BLE001
        return None
    return found if isinstance(found, Protocol) else None


@cache
def _registered() -> Mapping[str, Any]:
    """Read once: a report file may name protocols that nobody has, and each look into the metadata of all packages is
    slow."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
