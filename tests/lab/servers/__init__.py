"""Every server of the laboratory. One file a kind; each has `services(place)`."""

import sys
from pathlib import Path

from tests.lab.servers import broker, database, directory, names, proxy, web, windows
from tests.lab.servers.service import Place, Service
from tests.lab.topology import MISBEHAVING

PEERS = Path(__file__).parents[1] / "peers.py"


def catalogue(place: Place) -> dict[str, Service]:
    found = [
        service
        for kind in (names, broker, web, proxy, database, directory, windows)
        for service in kind.services(place)
    ]
    found.append(
        Service(
            "peers",
            "server",
            [sys.executable, "-P", str(PEERS), MISBEHAVING],
            [("tcp", MISBEHAVING, 9011), ("udp", MISBEHAVING, 9107)],
        )
    )
    return {service.name: service for service in found}
