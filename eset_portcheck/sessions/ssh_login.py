"""A second opinion on an SSH row: host key and authentication methods by paramiko, on a socket that we connected. No
login: method `none` only.

Sources: RFC 4252 section 5.2 (the "none" request), RFC 4253 section 8 (key exchange).
"""

import logging
import socket
from typing import Any

from eset_portcheck.sessions import Missing
from eset_portcheck.sessions.allowance import Allowance

CHUNK_BYTES = 16384


def check(address: str, port: int, timeout_s: float) -> dict[str, Any]:
    """Facts: client, host_key (type), host_key_sha256, methods; or error (class). Raises Missing."""
    try:
        import paramiko
    except ImportError as error:
        raise Missing("paramiko") from error
    logging.getLogger("paramiko").disabled = True
    facts: dict[str, Any] = {"client": "paramiko"}
    allowance = Allowance(timeout_s)
    try:
        with socket.create_connection((address, port), timeout_s) as sock:
            transport = paramiko.Transport(_Counted(sock, allowance))
            transport.logger.disabled = True
            transport.handshake_timeout = timeout_s
            try:
                transport.start_client(timeout=timeout_s)
                key = transport.get_remote_server_key()
                facts |= {
                    "host_key": key.get_name()[:60],
                    "host_key_sha256": key.fingerprint.removeprefix("SHA256:")[:64],
                }
                transport.auth_none("portcheck")
                facts["methods"] = ["none"]
            except paramiko.BadAuthenticationType as error:
                facts["methods"] = [str(one)[:40] for one in error.allowed_types[:10]]
            finally:
                transport.close()  # waits for its thread, whose reading ends with the allowance
                transport.packetizer.complete_handshake()  # stops the timer's thread
    except Exception as error:  # noqa: BLE001  # the library hands on whatever hostile bytes caused in its thread
        facts["error"] = type(error).__name__
    return facts


def second_opinion(address: str, port: int, _name: str, timeout_s: float) -> dict[str, Any]:
    """`check`; SSH servers are not asked for by name."""
    return check(address, port, timeout_s)


class _Counted:
    """A socket whose reading ends with its allowance: the library itself waits for the end of a line, however long, and
    per read."""

    def __init__(self, sock: socket.socket, allowance: Allowance) -> None:
        self._sock = sock
        self._allowance = allowance

    def recv(self, count: int) -> bytes:
        """Raises Spent, Flooded, OSError."""
        self._allowance.left_s()
        data = self._sock.recv(min(count, CHUNK_BYTES))
        self._allowance.take(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
