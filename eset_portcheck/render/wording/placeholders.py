"""What the placeholders of texts and commands stand for, of one row or cause."""

from eset_portcheck.model.finding import Cause
from eset_portcheck.model.partial import Partial


class Placeholders(Partial, frozen=True, omit_defaults=True, kw_only=True):
    """`interval`: two ends. `via`: the proxy ("host:port") that a cause lies behind; `proxy`, `proxy_port`: the one
    that commands are led through. `other_end`: for whose machine the commands for the other end are: "vendor",
    "windows", "" where nobody knows; None: there is no other end."""

    target: str | None = None
    port: int | None = None
    transport: str | None = None
    address: str | None = None
    interval: list[str] | None = None
    source: str | None = None
    destination: str | None = None
    superuser: str | None = None
    via: str | None = None
    proxy: str | None = None
    proxy_port: int | None = None
    other_end: str | None = None


def of_cause(cause: Cause) -> Placeholders:
    """What the cause itself says."""
    said = cause.params
    return Placeholders(
        target=said.target,
        port=said.port,
        transport=said.transport,
        address=said.address,
        interval=said.interval,
        destination=said.destination,
        via=said.via,
    )
