"""The state file is removed by the demo that wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.demo.state import remove_state, write_state

if TYPE_CHECKING:
    from pathlib import Path


def test_an_ending_demo_leaves_its_successors_file_alone(tmp_path: Path) -> None:
    state, own, later = tmp_path / "state.json", tmp_path / "demo-1", tmp_path / "demo-2"
    remove_state(state, own)
    write_state(state, {"log_file": str(later / "log")})
    remove_state(state, own)
    assert state.exists()
    remove_state(state, later)
    assert not state.exists()
