"""One file each. `find` gives the module that speaks a protocol, or None when nobody has built it.

A protocol module has:
    ENCRYPTED: bool        a TLS stage comes before it
    ALPN: tuple[str, ...]  offered in that TLS stage (a requirement's own `alpn` wins)
    converse(peer) -> Conversation
    meaning(facts) -> Meaning
    OTHERWISE: tuple[Otherwise, ...]   optional: other beginnings, tried as evidence when the peer cuts this one
Third parties register theirs in the entry point group `eset_portcheck.protocols`; built-ins win.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer

BUILT_IN = frozenset(
    ["tcp", "tls", "mqtt", "http", "http_proxy", "smb", "nbss", "nbns", "nbdgm", "ssh", "kerberos", "kerberos_tcp", "ldap", "tds", "mysql", "apns"]
)
GROUP = "eset_portcheck.protocols"


class Speaker(Protocol):
    ENCRYPTED: bool
    ALPN: tuple[str, ...]
    converse: Callable[[Peer], Conversation]
    meaning: Callable[[Facts], Meaning]


def find(name: str) -> Speaker | None:
    """The speaker of a protocol; imports it on first use."""
    if name in BUILT_IN:
        return cast(Speaker, importlib.import_module(f"{__name__}.{name}"))
    return next((cast(Speaker, entry.load()) for entry in _registered(name)), None)


def known(name: str) -> bool:
    """Is there a speaker? Loads none."""
    return name in BUILT_IN or any(True for _ in _registered(name))


def _registered(name: str) -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=GROUP, name=name)
