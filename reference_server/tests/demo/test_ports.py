"""Ports that are told before anybody listens on them."""

from __future__ import annotations

import socket
import sys

import pytest

from reference_server.demo import ports


@pytest.fixture(name="port")
def only(monkeypatch: pytest.MonkeyPatch) -> int:
    """Leave one port to choose from."""
    port = ports.free_port()
    monkeypatch.setattr(ports, "_PORTS", range(port + 1, port + 2))
    return port + 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names for claims")
def test_a_port_that_was_given_away_is_not_given_again(port: int) -> None:
    """Nobody listens on it yet."""
    assert ports.free_port() == port
    with pytest.raises(OSError, match="free port"):
        ports.free_port()


def test_a_port_somebody_listens_on_is_not_given(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="free port"):
        ports.free_port()
