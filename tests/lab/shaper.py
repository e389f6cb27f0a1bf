"""Delay, loss, reordering, duplication, corruption and a size limit, where the kernel has no netem.

The router sends chosen packets into a TUN device by a policy route; this program reads them, impairs them and writes
them back, whence they are routed on. It runs in the router's namespace and prints READY when the device is open.
  shaper.py DEVICE [--delay MS] [--jitter MS] [--loss PCT] [--reorder PCT] [--dup PCT] [--corrupt PCT] [--max-size
  BYTES] [--seed N]
"""

import argparse
import fcntl
import heapq
import os
import random
import select
import struct
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
IP_HEADER_BYTES = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("device")
    for name in ("delay", "jitter", "loss", "reorder", "dup", "corrupt"):
        parser.add_argument(f"--{name}", type=float, default=0)
    parser.add_argument("--max-size", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def impaired(packet: bytes, asked: argparse.Namespace, chance: random.Random) -> list[tuple[float, bytes]]:
    """When (monotonic seconds) and what goes on: nothing, the packet, or twice."""
    if (asked.max_size and len(packet) > asked.max_size) or chance.random() * 100 < asked.loss:
        return []
    due = time.monotonic()
    if chance.random() * 100 >= asked.reorder:
        due += (asked.delay + chance.uniform(-asked.jitter, asked.jitter)) / 1000
    if chance.random() * 100 < asked.corrupt and len(packet) > 2 * IP_HEADER_BYTES:
        at = chance.randrange(IP_HEADER_BYTES, len(packet))
        packet = packet[:at] + bytes([packet[at] ^ 0xFF]) + packet[at + 1 :]
    return [(due, packet)] * (2 if chance.random() * 100 < asked.dup else 1)


def main() -> None:
    asked = arguments()
    chance = random.Random(asked.seed)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", asked.device.encode(), IFF_TUN | IFF_NO_PI))
    print("READY", flush=True)
    waiting: list[tuple[float, int, bytes]] = []
    order = 0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            try:
                os.write(device, heapq.heappop(waiting)[2])
            except OSError:  # the device went down: the fault is being removed
                continue
        pause = max(0.0, waiting[0][0] - now) if waiting else None
        if not select.select([device], [], [], pause)[0]:
            continue
        try:
            packet = os.read(device, 65535)
        except BlockingIOError:
            continue
        for due, out in impaired(packet, asked, chance):
            order += 1
            heapq.heappush(waiting, (due, order, out))


if __name__ == "__main__":
    main()
