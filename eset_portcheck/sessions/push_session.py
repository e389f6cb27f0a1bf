"""A second opinion on the push row: a whole session by aiomqtt (connect, keep-alive, clean disconnect), independent of
our own conversation.

It runs in a thread with an event loop of its own: aiomqtt needs add_reader, which Windows' default loop lacks.
Certificates are judged elsewhere, so it does not verify. Sources: OASIS MQTT 3.1.1 section 3.1 to 3.14.
"""

import asyncio
import contextlib
import logging
import os
import ssl
from typing import Any

from eset_portcheck.sessions import Missing
from eset_portcheck.sessions.allowance import Allowance, Flooded, Spent

CHUNK_BYTES = 16384
LIMIT_BYTES = 64 * 1024  # nobody subscribed to anything


def check(address: str, port: int, name: str, hold_s: float, timeout_s: float) -> dict[str, Any]:
    """Facts: client, connected, held_s, or error (class) and code. Raises Missing."""
    try:
        import aiomqtt
    except ImportError as error:
        raise Missing("aiomqtt") from error
    logger = logging.getLogger("eset_portcheck.aiomqtt")
    logger.disabled = True
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.name = name
    context.wrapped = []
    context.allowance = Allowance(timeout_s + hold_s, LIMIT_BYTES)
    context.sslsocket_class = _Counted

    async def session() -> dict[str, Any]:
        facts: dict[str, Any] = {"client": "aiomqtt", "connected": False}
        client = aiomqtt.Client(
            address, port, identifier=f"pc{os.urandom(8).hex()}", tls_context=context, timeout=timeout_s,
            keepalive=5, logger=logger,
            max_queued_incoming_messages=1,
        )  # fmt: skip
        client._client.connect_timeout = timeout_s  # noqa: SLF001  # it connects and shakes hands in a thread that nobody can cancel
        try:
            async with asyncio.timeout(timeout_s + hold_s):
                async with client:
                    facts["connected"] = True
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(hold_s):
                            async for _ in client.messages:  # raises when the broker hangs up
                                pass
                    facts["held_s"] = hold_s
        except aiomqtt.MqttCodeError as error:
            code: Any = error.rc
            facts["code"] = int(getattr(code, "value", code) or 0)
        except Exception as error:  # noqa: BLE001  # its own errors, and whatever hostile bytes cause in it
            facts["error"] = type(error).__name__
        finally:
            with contextlib.suppress(Exception):  # else its destructor does it, on a closed loop and aloud
                client._client._reset_sockets()  # noqa: SLF001  # there is no other way to let go of a connection that never was up
        return facts

    loop = asyncio.SelectorEventLoop()
    # What the library leaves behind of a broken connection belongs to no screen.
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(session())
    finally:
        with contextlib.suppress(RuntimeError):
            loop.close()
        for sock in context.wrapped:  # one whose handshake failed is nobody's
            with contextlib.suppress(OSError):
                sock.close()


class _Counted(ssl.SSLSocket):
    """Reads no more than its allowance: the library reserves whatever length a peer announces, up to 256 MiB."""

    allowance: Allowance | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Raises ConnectionAbortedError, the library's language, when the allowance is used up."""
        data = super().recv(min(buflen, CHUNK_BYTES), flags)
        try:
            if self.allowance is not None:
                self.allowance.take(len(data))
        except (Spent, Flooded) as error:
            raise ConnectionAbortedError from error
        return data


class _Named(ssl.SSLContext):
    """Sends the service's name although an address is dialled (the address was chosen by our own resolution)."""

    name: str = ""
    allowance: Allowance | None = None
    wrapped: list[ssl.SSLSocket]

    def wrap_socket(self, sock: Any, *arguments: Any, **named: Any) -> Any:
        named["server_hostname"] = self.name
        wrapped = super().wrap_socket(sock, *arguments, **named)
        self.wrapped.append(wrapped)
        if isinstance(wrapped, _Counted):
            wrapped.allowance = self.allowance
        return wrapped


def second_opinion(address: str, port: int, name: str, timeout_s: float) -> dict[str, Any]:
    """`check`, holding the session for a second."""
    return check(address, port, name, 1.0, timeout_s)
