"""Ports for what a demo starts, which has to be told of them before it listens."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from collections import deque

_PORTS = range(12_000, 20_000)
"""Below those that systems give to whoever asks for any port (RFC 6335 section 6): nobody gets one
by chance between our choice and its use.
"""
_TRIES = 200
_MOST_CLAIMS = 64
"""Kept at once by a process; by then the oldest has long been listened on."""
_claims: deque[socket.socket] = deque()


def free_port(address: str = "127.0.0.1") -> int:
    """Return a free port of an address of loopback, which no other process is given here meanwhile.

    OSError when none is found.
    """
    for _ in range(_TRIES):
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe,
        ):
            probe.bind((address, port))
            _claim(port)
            return port
    raise OSError("a free port was not found")


def _claim(port: int) -> None:
    """Keep a port from others who ask here, until we end; OSError where one of them has it.

    By a name of Linux's own (unix(7), abstract sockets), which goes with the process. Elsewhere
    two who ask at the same moment may be given the same.
    """
    if not sys.platform.startswith("linux"):
        return
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0hallmark-port-{port}")
    except OSError:
        claim.close()
        raise
    _claims.append(claim)
    if len(_claims) > _MOST_CLAIMS:
        _claims.popleft().close()
