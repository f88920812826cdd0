"""Who sends what cannot be read fills no log.

Apart from the tests of what cannot be read: what their server closed would be told here, too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from reference_server.observability.logs import LOGGER
from reference_server.serving.door import LINES
from reference_server.tests.fakes import World
from reference_server.tests.live import serving
from reference_server.tests.serving.sockets import connected, read_all
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import pytest


def test_what_cannot_be_read_writes_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER), serving(World()) as origin:
        for _ in range(5 * LINES):
            with connected(origin) as connection:
                connection.sendall(b"GET / HTTP/0.9\r\n\r\n")
                assert read_all(connection)

        def told() -> int:
            lines = [getattr(record, "fields", {}) for record in caplog.records]
            alone = sum(line.get("status") == 400 for line in lines)
            return alone + sum(line.get("closed", {}).get("bad_request", 0) for line in lines)

        assert becomes_true(lambda: told() == 5 * LINES), f"each is told or counted: {told()}"
    assert sum(record.name == LOGGER for record in caplog.records) < 5 * LINES
