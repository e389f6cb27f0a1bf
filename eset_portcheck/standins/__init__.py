"""The other end of each conversation, on loopback: for `demo` and for the tests.

    async with serve(handler) as (host, port): ...
    async with serve(broker(), tls=server_context(leaf)) as (host, port): ...
    async with stand_in_site("agent", broken="repository") as site: ...   (standins.site)
"""

from eset_portcheck.standins.serving import Address, Handler, closed_port, serve, silent_port
from eset_portcheck.standins.stream import Stream

__all__ = ["Address", "Handler", "Stream", "closed_port", "serve", "silent_port"]
