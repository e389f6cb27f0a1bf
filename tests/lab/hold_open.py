"""Opens N TCP connections to HOST PORT and keeps them: fills a server's connection limit. Prints READY.

hold_open.py HOST PORT N
"""

import socket
import sys
import time


def main() -> None:
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    held = []
    for _ in range(count):
        connection = socket.create_connection((host, port), 3)
        connection.settimeout(1)
        connection.recv(200)  # the server's greeting: now it has a thread for us
        held.append(connection)
    print("READY", flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main()
