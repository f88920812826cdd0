"""Further processes of a target: the port they are given."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.channels.programs import launch
from conformance.verdicts import NotEstablishedError

GIVEN_TO_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def can_listen_everywhere(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError:
            return False
        return True


@pytest.mark.skipif(not GIVEN_TO_CLIENTS.exists(), reason="only Linux says which these are")
def test_a_client_keeps_who_would_listen_everywhere_from_its_port_so_it_is_not_chosen() -> None:
    lowest, highest = map(int, GIVEN_TO_CLIENTS.read_text("utf-8").split())
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        where = listener.getsockname()
        client = stack.enter_context(socket.create_connection(where, source_address=("", 0)))
        assert not can_listen_everywhere(client.getsockname()[1])
        ports = [launch.free_port() for _ in range(50)]
    assert all(can_listen_everywhere(port) for port in ports)
    assert not [port for port in ports if lowest <= port <= highest]


def test_a_port_somebody_listens_on_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(launch, "_PORTS", range(port, port + 1))
        with pytest.raises(NotEstablishedError, match="free TCP port"):
            launch.free_port()
