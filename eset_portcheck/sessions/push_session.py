"""A second opinion on the push row: a whole session by aiomqtt (connect, keep-alive, clean disconnect), independent of our own conversation.

It runs in a thread with an event loop of its own: aiomqtt needs add_reader, which Windows' default loop lacks. Certificates are judged elsewhere, so it
does not verify. Sources: OASIS MQTT 3.1.1 section 3.1 to 3.14.
"""

import asyncio
import contextlib
import logging
import os
import ssl
from typing import Any

from eset_portcheck.sessions import Missing


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

    async def session() -> dict[str, Any]:
        facts: dict[str, Any] = {"client": "aiomqtt", "connected": False}
        client = aiomqtt.Client(
            address, port, identifier=f"pc{os.urandom(8).hex()}", tls_context=context, timeout=timeout_s, keepalive=5, logger=logger
        )
        try:
            async with asyncio.timeout(timeout_s + hold_s):
                async with client:
                    facts["connected"] = True
                    await asyncio.sleep(hold_s)
                    facts["held_s"] = hold_s
        except aiomqtt.MqttCodeError as error:
            code: Any = error.rc
            facts["code"] = int(getattr(code, "value", code) or 0)
        except (aiomqtt.MqttError, TimeoutError, OSError) as error:
            facts["error"] = type(error).__name__
        return facts

    loop = asyncio.SelectorEventLoop()
    try:
        return loop.run_until_complete(session())
    finally:
        with contextlib.suppress(RuntimeError):
            loop.close()


class _Named(ssl.SSLContext):
    """Sends the service's name although an address is dialled (the address was chosen by our own resolution)."""

    name: str = ""

    def wrap_socket(self, sock: Any, *arguments: Any, **named: Any) -> Any:
        named["server_hostname"] = self.name
        return super().wrap_socket(sock, *arguments, **named)
