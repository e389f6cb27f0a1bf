"""Bytes in and out of a socket of our own."""

import asyncio
import socket

import pytest

from eset_portcheck.net.channel import SocketChannel


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux")
async def test_the_answer_to_our_words_is_acknowledged_at_once() -> None:
    """Else a server with Nagle's algorithm on holds back what comes after its first segment, for 40 ms (seen with
    mosquitto's CONNACK)."""
    loop = asyncio.get_running_loop()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
        server.accept()[0] as theirs,
    ):
        for sock in (ours, theirs):
            sock.setblocking(False)
        channel = SocketChannel(ours)

        def quick() -> int:
            return ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)

        for _ in range(20):  # question and answer: the kernel takes it for a session in which acknowledgements can wait
            ours.send(b"question")
            await loop.sock_recv(theirs, 100)
            theirs.send(b"answer")
            await loop.sock_recv(ours, 100)
        assert quick() == 0, "else this proves nothing"
        await channel.send(b"question")
        assert quick() == 1
