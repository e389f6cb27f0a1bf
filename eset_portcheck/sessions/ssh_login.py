"""A second opinion on an SSH row: host key and authentication methods by paramiko, on a socket that we connected. No login: method `none` only.

Sources: RFC 4252 section 5.2 (the "none" request), RFC 4253 section 8 (key exchange).
"""

import logging
import socket
from typing import Any

from eset_portcheck.sessions import Missing


def check(address: str, port: int, timeout_s: float) -> dict[str, Any]:
    """Facts: client, host_key (type), host_key_sha256, methods; or error (class). Raises Missing."""
    try:
        import paramiko
    except ImportError as error:
        raise Missing("paramiko") from error
    logging.getLogger("paramiko").disabled = True
    facts: dict[str, Any] = {"client": "paramiko"}
    try:
        with socket.create_connection((address, port), timeout_s) as sock:
            transport = paramiko.Transport(sock)
            transport.logger.disabled = True
            try:
                transport.start_client(timeout=timeout_s)
                key = transport.get_remote_server_key()
                facts |= {"host_key": key.get_name()[:60], "host_key_sha256": key.fingerprint.removeprefix("SHA256:")[:64]}
                transport.auth_none("portcheck")
                facts["methods"] = ["none"]
            except paramiko.BadAuthenticationType as error:
                facts["methods"] = [str(one)[:40] for one in error.allowed_types[:10]]
            finally:
                transport.close()
    except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
        facts["error"] = type(error).__name__
    return facts
