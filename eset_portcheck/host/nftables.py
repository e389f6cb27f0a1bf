"""Reads the packet filter of this Linux: nftables by `nft -j`, iptables' rules by iptables-save. Changes nothing.

Whether there are rules at all is asked of the kernel itself (one netlink message), which also says by errno whether
this user may know. Sources: nft(8); linux/netfilter/nfnetlink.h and nf_tables.h (NFT_MSG_GETTABLE); iptables-save(8);
proc(5) (/proc/net/ip_tables_names).
"""

import errno
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.host import programs
from eset_portcheck.host.commands import NotListed, listed
from eset_portcheck.packet_filter.readers import iptables, nft

DEADLINE_S = 2.0
DECIDED = ("readable", "absent")
READ_LIMIT_BYTES = 16 * 2**20
_NETLINK_NETFILTER, _GET_TABLE = 12, 10 << 8 | 1
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_TABLE_NAME = 1
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_OLD_NAMES = {"ip": "ip_tables_names", "ip6": "ip6_tables_names"}
_OLD = " (legacy)"
_NO_NF_TABLES = frozenset({errno.EINVAL, errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT})


class Reading(NamedTuple):
    """`state`: readable, absent (no rules in the kernel), not-permitted, not-evaluable with `why`. `objects` as
    `nft -j` gives them."""

    state: str
    source: str = ""
    why: str = ""
    objects: tuple[dict[str, Any], ...] = ()


def read(proc: Path = Path("/proc")) -> Reading:
    """Never raises for what a machine can lack; at most DEADLINE_S for all commands together."""
    end = time.monotonic() + DEADLINE_S
    try:
        tables = kernel_tables()
    except PermissionError:
        return Reading("not-permitted")
    except OSError as error:
        if error.errno not in _NO_NF_TABLES:
            return Reading("not-evaluable", why=type(error).__name__)
        tables = []  # the old tables may still be there
    old = {family: _old_tables(proc / "net" / name) for family, name in _OLD_NAMES.items()}
    if not tables and not any(old.values()):
        return Reading("absent")
    try:
        objects, sources = _new(tables, end) if tables else ([], [])
    except NotListed as error:
        return Reading("not-evaluable", why=str(error))
    for family, names in old.items():
        if names:
            objects += _legacy(family, end)
            sources.append("iptables-legacy")
    return Reading("readable", "+".join(dict.fromkeys(sources)), objects=tuple(objects))


def kernel_tables() -> list[tuple[str, str]]:
    """(family, name) of every nf_tables table of this network namespace. Raises PermissionError, or OSError where
    nf_tables is missing."""
    found: list[tuple[str, str]] = []
    if sys.platform != "linux":
        raise OSError(errno.EPROTONOSUPPORT, os.strerror(errno.EPROTONOSUPPORT))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as sock:
        sock.settimeout(DEADLINE_S / 4)
        sock.send(struct.pack("=LHHLLBBH", 20, _GET_TABLE, _REQUEST_DUMP, 1, 0, 0, 0, 0))
        while True:
            answer = sock.recv(65536)
            while len(answer) >= 16:
                length, kind = struct.unpack_from("=LH", answer)
                if length < 16:
                    return found
                body, answer = answer[16:length], answer[(length + 3) & ~3 :]
                if kind == _ERROR:
                    number = -int(struct.unpack_from("=l", body)[0])
                    raise OSError(number, os.strerror(number)) if number else OSError(errno.EPROTO, "empty answer")
                if kind == _DONE:
                    return found
                found.append((_FAMILIES.get(body[0], str(body[0])), _attribute(body[4:], _TABLE_NAME)))


def _attribute(attributes: bytes, wanted: int) -> str:
    while len(attributes) >= 4:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind & 0x3FFF == wanted:
            return attributes[4:length].rstrip(b"\0").decode("utf-8", "replace")
        attributes = attributes[(max(length, 4) + 3) & ~3 :]
    return ""


def _new(tables: list[tuple[str, str]], end: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Objects of all nf_tables tables; those that iptables made are told again by iptables-save, which knows its own
    matches. Raises NotListed."""
    ours = {table for table in tables if table[0] in _OLD_NAMES and table[1] in iptables.TABLES}
    if programs.found("nft"):
        try:
            objects = nft.objects(listed(["nft", "-j", "list", "ruleset"], end, READ_LIMIT_BYTES))
        except msgspec.DecodeError as error:
            raise NotListed("unreadable-json") from error
    elif ours == set(tables):
        objects = []
    else:
        raise NotListed("nft-missing")
    foreign = {nft.table_of(one) for one in objects if nft.is_foreign(one)} if objects else ours
    sources = ["nft"] if objects else []
    for family in sorted({family for family, _ in foreign & ours}):
        try:
            text = listed([_save(family, "nft")], end, READ_LIMIT_BYTES)
        except NotListed:
            if not objects:
                raise
            continue  # the "xt" statements stay, and cannot be evaluated
        again = iptables.converted(text.decode("utf-8", "replace"), family)
        if "incompatible" not in text.decode("utf-8", "replace"):
            objects = nft.mixed(objects, again) if objects else again
            sources.append("iptables-nft")
    return objects, sources


def _legacy(family: str, end: float) -> list[dict[str, Any]]:
    """Rules of the older kernel tables. What cannot be read still stands in the way: a chain that says so takes its
    place."""
    try:
        text = listed([_save(family, "legacy")], end, READ_LIMIT_BYTES).decode("utf-8", "replace")
        return list(iptables.converted(text, family, _OLD))
    except NotListed as error:
        return nft.unread(family, f"filter{_OLD}", str(error))


def _save(family: str, variant: str) -> str:
    """The command that lists rules of iptables; the plain name serves where there is only one variant. Raises
    NotListed."""
    name = "iptables" if family == "ip" else "ip6tables"
    special = f"{name}-{variant}-save"
    if programs.found(special):
        return special
    other = f"{name}-{'legacy' if variant == 'nft' else 'nft'}-save"
    if programs.found(f"{name}-save") and not programs.found(other):
        return f"{name}-save"
    raise NotListed(f"{special}-missing")


def _old_tables(path: Path) -> list[str]:
    """Names of the older kernel tables in use; a list that may not be read counts as one table."""
    try:
        return path.read_text().split()
    except FileNotFoundError:
        return []
    except OSError:
        return ["hidden"]
