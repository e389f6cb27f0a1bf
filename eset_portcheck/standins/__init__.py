"""The other end of each conversation, on loopback: for `demo` and for the tests.

    async with serve(handler) as (host, port): ...
    async with serve(broker(), tls=server_context(leaf)) as (host, port): ...

A handler is a coroutine function of one `Stream`. Handlers stand in broker, web, proxy, server and misbehaving; the
whole site in site (`stand_in_site`).
"""

from eset_portcheck.standins.serving import Address, Handler, closed_port, serve, silent_port
from eset_portcheck.standins.stream import Stream

__all__ = ["Address", "Handler", "Stream", "closed_port", "serve", "silent_port"]
