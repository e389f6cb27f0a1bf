"""How often a connection's SYN had to be repeated: what the kernel counted, where it tells.

A SYN that was repeated only because the answer takes long was not lost: the time that the kernel measured from SYN to
answer says so.

Sources: tcp(7) TCP_INFO; struct tcp_info in linux/tcp.h (tcpi_rtt, tcpi_total_retrans); RFC 6298 section 2 (the first
repetition after a second), 5.7.
"""

import socket
import struct
import sys

from eset_portcheck.model.evidence import Retransmitted

FIRST_REPETITION_S = 1.0
_RTT_AT, _TOTAL_AT, _BYTES = 68, 100, 104


def retransmitted(sock: socket.socket, address: str, connect_s: float) -> Retransmitted | None:
    """Right after the connection stood. None: no SYN was lost, or nothing is known of it."""
    if sys.platform != "linux" or connect_s < FIRST_REPETITION_S * 0.9:
        return None
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES)
        rtt_s = struct.unpack_from("=I", told, _RTT_AT)[0] / 1e6
        (lost,) = struct.unpack_from("=I", told, _TOTAL_AT)
    except (OSError, struct.error):
        return None
    if not lost or rtt_s > connect_s * 0.7:
        return None
    return Retransmitted(address=address, syns=lost, connect_s=round(connect_s, 4))
