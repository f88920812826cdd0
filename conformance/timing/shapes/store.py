"""What stands for a database: a process of its own that waits for a question, works and answers.

It says its port, serves one connection, and ends with it. A question is a line with microseconds.
"""

from __future__ import annotations

import socket
import sys
import time


def busy(microseconds: float) -> None:
    """Work for so long."""
    end = time.perf_counter_ns() + round(microseconds * 1e3)
    while time.perf_counter_ns() < end:
        pass


def main() -> None:
    """Serve one connection until it ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        line, _ = listener.accept()
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while question := line.recv(1024):
            busy(float(question))
            line.sendall(b"done\n")


if __name__ == "__main__":
    main()
