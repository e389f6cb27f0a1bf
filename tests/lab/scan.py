"""Sends to every port of a host and tells which answer, accepting or refusing: no packet filter in between is silent
about those. Shares nothing with the program.

python scan.py HOST tcp|udp FIRST LAST: prints a JSON list. UDP: one that is closed is told by its ICMP error.
"""

import json
import resource
import selectors
import socket
import sys
import time

BATCH, WAIT_S = 2000, 0.25


def answering(host: str, kind: int, ports: range) -> list[int]:
    found: list[int] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, BATCH + 64)), hard))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for first in range(ports.start, ports.stop, BATCH):
        with selectors.DefaultSelector() as waiting:
            for port in range(first, min(first + BATCH, ports.stop)):
                sock = socket.socket(family, kind)
                sock.setblocking(False)
                try:
                    sock.connect((host, port))
                    if kind == socket.SOCK_DGRAM:
                        sock.send(b"?")
                except BlockingIOError:
                    pass
                except ConnectionRefusedError:
                    found.append(port)
                    sock.close()
                    continue
                except OSError:
                    sock.close()
                    continue
                waiting.register(
                    sock, selectors.EVENT_READ if kind == socket.SOCK_DGRAM else selectors.EVENT_WRITE, port
                )
            end = time.monotonic() + WAIT_S
            while waiting.get_map() and (left := end - time.monotonic()) > 0:
                for key, _ in waiting.select(left):
                    sock = key.fileobj
                    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if error in (0, 111):  # connected, or ECONNREFUSED
                        found.append(key.data)
                    waiting.unregister(sock)
                    sock.close()
            for key in list(waiting.get_map().values()):
                key.fileobj.close()
    return sorted(found)


if __name__ == "__main__":
    host, transport, first, last = sys.argv[1:5]
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    print(json.dumps(answering(host, kind, range(int(first), int(last) + 1))))
