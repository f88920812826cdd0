"""Anchors: heads outside of the database, by which a trail that was set back is found."""

from __future__ import annotations

import json
import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reference_server.audit.anchors import Anchor, AnchorFile, Anchors, check_anchored
from reference_server.audit.contracts import AuditEvent
from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.errors import (
    ConfigurationError,
    DatabaseNotReadyError,
    StorageUnavailableError,
)
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.db.chain import START, AuditChain, Head
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.fakes import START as NOW
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

_EVENT = AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS)
_KEEP = "CREATE TABLE kept_head AS TABLE audit_head; CREATE TABLE kept AS TABLE audit_log"
_BARE = "ALTER TABLE audit_log DISABLE TRIGGER USER"
_SWAP = """
    DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head;
    DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept"""


@pytest.fixture
def file(tmp_path: Path) -> AnchorFile:
    return AnchorFile(tmp_path / "anchors", CHAIN)


def _trail(engine: Engine, anchors: Anchors | None = None) -> SqlAuditTrail:
    return SqlAuditTrail(engine, FakeClock(), TokenRedactor(), CHAIN, anchors)


def test_what_is_added_is_read_and_the_last_is_the_newest(file: AnchorFile) -> None:
    assert file.newest() is None
    anchors = [Anchor(NOW, Head(number, bytes([number]) * 32)) for number in range(1, 20)]
    for anchor in anchors:
        file.add(anchor)
    assert list(file.read()) == anchors
    assert file.newest() == anchors[-1]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["time", "head", "seal", "torn", "another key"])
def test_what_nobody_with_the_key_has_written_is_no_anchor(file: AnchorFile, change: str) -> None:
    file.add(Anchor(NOW, Head(7, b"7" * 32)))
    line = file.path.read_text()
    told = json.loads(line)
    other = {"time": "2026-01-01T00:00:01+00:00", "head": f"8:{'37' * 32}", "seal": "00"}
    if change == "torn":
        file.path.write_text(line[:50])
    elif change == "another key":
        file = AnchorFile(file.path, AuditChain(b"x" * 32))
    else:
        file.path.write_text(json.dumps(told | {change: other[change]}) + "\n")
    with pytest.raises(ConfigurationError, match="is no anchor"):
        file.newest()
    with pytest.raises(ConfigurationError, match="is no anchor"):
        list(file.read())


def test_a_file_that_cannot_be_used_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path, CHAIN)
    for use in (file.newest, lambda: list(file.read()), lambda: file.add(Anchor(NOW, START))):
        with pytest.raises(ConfigurationError, match="--audit-anchors"):
            use()


def test_heads_are_noted_at_intervals_and_at_the_end(app_engine: Engine, file: AnchorFile) -> None:
    with closing(_trail(app_engine, Anchors(file, FakeClock(), 0.05))) as trail:
        trail.write(_EVENT)
        assert becomes_true(lambda: file.newest() is not None)
    with closing(_trail(app_engine, Anchors(file, FakeClock(), 60))) as trail:
        trail.write(_EVENT, _EVENT)
    assert [anchor.head.position for anchor in file.read()] == [1, 3]


@pytest.mark.parametrize("more", [0, 1, 4])
def test_a_running_server_refuses_a_trail_that_was_set_back_until_it_is_put_right(
    app_engine: Engine, database: DemoDatabase, more: int
) -> None:
    """Rows, head and seal are all right of an older state; others may have gone on from there."""
    with closing(_trail(app_engine)) as trail:
        trail.write(_EVENT)
        database.run_as_superuser([_KEEP])
        trail.write(_EVENT, _EVENT)
        late = "CREATE TABLE late_head AS TABLE audit_head; CREATE TABLE late AS TABLE audit_log"
        database.run_as_superuser([late, _BARE, _SWAP])
        with closing(_trail(app_engine)) as stranger:
            for _ in range(more):
                stranger.write(replace(_EVENT, request_id="another"))
        for _ in range(2):
            with pytest.raises(StorageUnavailableError) as raised:
                trail.write(_EVENT)
            assert "was set back" in str(raised.value.__cause__ or raised.value)
        database.run_as_superuser([_SWAP.replace("kept", "late")])
        trail.write(_EVENT)


def test_a_server_that_starts_holds_the_trail_to_its_newest_anchor(
    app_engine: Engine, database: DemoDatabase, file: AnchorFile
) -> None:
    check_anchored(app_engine, file, FakeClock())
    database.run_as_superuser([_KEEP])
    with closing(_trail(app_engine, Anchors(file, FakeClock(), 60))) as trail:
        trail.write(_EVENT)
    check_anchored(app_engine, file, FakeClock())
    database.run_as_superuser([_BARE, _SWAP])
    with pytest.raises(DatabaseNotReadyError, match="was set back"):
        check_anchored(app_engine, file, FakeClock())
    with (
        closing(_trail(app_engine, Anchors(file, FakeClock(), 60))) as trail,
        pytest.raises(StorageUnavailableError),
    ):
        trail.write(_EVENT)


def test_a_full_disk_stops_no_request(
    app_engine: Engine, file: AnchorFile, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(_trail(app_engine, Anchors(file, FakeClock(), 0.05))) as trail:
        file.path.mkdir()
        trail.write(_EVENT)
        assert becomes_true(lambda: "no anchor is written" in caplog.text)
        file.path.rmdir()
        assert becomes_true(lambda: file.newest() is not None)
