"""A capture in the router's namespace while something runs, and what the dissectors of Wireshark say about it.

Zero malformed packets alone proves nothing (a broken MQTT length is not flagged): a test also counts the packets that
must be there.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.net import LabError, Net
from tests.unit.kernel import MARK, inside

_DECODE_AS = (
    "tcp.port==2222,tls",
    "tcp.port==2223,tls",
    "tcp.port==8883,tls",
    "tcp.port==1433,tds",
    "tcp.port==3128,http",
)
BAD = "_ws.malformed || _ws.unreassembled || _ws.expert.severity == error"


class Capture:
    """Read it after its context ended."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def packets(self, display_filter: str = "frame", key_log: Path | None = None) -> list[str]:
        """One line a packet that matches: number, protocol, summary. `key_log`: an SSLKEYLOGFILE, to look inside
        TLS."""
        options = [part for rule in _DECODE_AS for part in ("-d", rule)]
        options += ["-o", f"tls.keylog_file:{key_log}"] if key_log else []
        fields = [part for name in ("frame.number", "_ws.col.Protocol", "_ws.col.Info") for part in ("-e", name)]
        argv = ["tshark", "-n", "-r", str(self.file), *options, "-Y", display_filter, "-T", "fields", *fields]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=200)
        if done.returncode:
            raise LabError(f"tshark: {done.stderr[-400:]}")
        return done.stdout.splitlines()

    def bad(self) -> list[str]:
        return self.packets(BAD)


def _written(net: Net, file: Path, interface: str) -> None:
    """The last packets are still in the ring: returns when one that was sent after them stands in the file."""
    last = os.urandom(46)
    with inside(net.namespace("fw"), lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as sock:
        sock.bind((interface, 0))
        sock.send(MARK + last)
    end = time.monotonic() + 60
    while last not in file.read_bytes():
        if time.monotonic() > end:
            raise LabError("dumpcap does not write")
        time.sleep(0.02)


@contextmanager
def capturing(net: Net, file: Path, interface: str = "to-agent") -> Iterator[Capture]:
    log = file.with_suffix(".log")
    with log.open("wb") as stderr:
        child = subprocess.Popen(
            net.argv("fw", ["dumpcap", "-q", "-i", interface, "-w", str(file)]),
            stderr=stderr,
            stdout=subprocess.DEVNULL,
        )
    try:
        end = time.monotonic() + 60
        while "File:" not in log.read_text():
            if child.poll() is not None or time.monotonic() > end:
                raise LabError(f"dumpcap did not start: {log.read_text()[-400:]}")
            time.sleep(0.05)
        yield Capture(file)
        _written(net, file, interface)
    finally:
        child.terminate()
        child.wait(timeout=60)
