"""What keeps the cores awake: of the lowest class, one a core, and never left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance.timing.awake import MOST_CORES, awake, is_rationed, runs_beside_us
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SECONDS = 30
CAN_BE_AWAKE = pytest.mark.skipif(
    sys.platform != "linux" or is_rationed(), reason="it takes Linux, and no quota of time"
)
CODE = """
import sys
from conformance.timing.awake import awake
with awake(sys.argv[1], 60) as ids:
    print(*ids, flush=True)
    input()
"""

LISTENING = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""


@pytest.fixture
def url() -> Generator[str]:
    """Something listens there, in a process beside us."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"


def groups(folder: Path, line: str) -> Path:
    path = folder / "cgroup"
    path.write_text(f"7:pids:/\n{line}\n", "utf-8")
    return path


def quota(folder: Path, words: str, name: str = "cpu.max") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{words}\n", "utf-8")


def is_least(process: int, core: int) -> bool:
    return os.sched_getscheduler(process) == os.SCHED_IDLE and os.sched_getaffinity(process) == {
        core
    }


@CAN_BE_AWAKE
def test_each_core_has_one_that_gives_way_to_everything_and_none_stays(url: str) -> None:
    cores = sorted(os.sched_getaffinity(0))[:MOST_CORES]
    with awake(url, SECONDS) as ids:
        assert len(ids) == len(cores)
        for process, core in zip(ids, cores, strict=True):
            assert wait_for(lambda p=process, c=core: is_least(p, c), SECONDS)
            assert os.getsid(process) != os.getsid(0)
    assert not any(psutil.pid_exists(process) for process in ids)


@CAN_BE_AWAKE
def test_they_end_with_a_judge_that_is_killed(url: str) -> None:
    judge = subprocess.Popen(
        [sys.executable, "-c", CODE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with judge:
        assert judge.stdout is not None
        left = [psutil.Process(int(word)) for word in judge.stdout.readline().split()]
        judge.kill()
    assert left
    _, alive = psutil.wait_procs(left, SECONDS)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


@CAN_BE_AWAKE
def test_they_end_when_the_time_is_over_though_nobody_ends_them(url: str) -> None:
    with awake(url, 1) as ids:
        assert wait_for(lambda: all(has_ended(one) for one in ids), SECONDS)


def has_ended(process: int) -> bool:
    return psutil.Process(process).status() == psutil.STATUS_ZOMBIE


@CAN_BE_AWAKE
def test_a_measurement_goes_without_where_no_process_can_be_had(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with awake(url, SECONDS) as ids:
        assert not ids


@CAN_BE_AWAKE
def test_they_end_with_the_one_that_started_them(url: str) -> None:
    with awake(url, SECONDS) as ids:
        left = [psutil.Process(one) for one in ids]
        for parent in {one.ppid() for one in left}:
            psutil.Process(parent).kill()
        _, alive = psutil.wait_procs(left, SECONDS)
        assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_nobody_is_kept_awake_where_nothing_is_seen_to_listen() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with awake(f"http://127.0.0.1:{port}/mcp", SECONDS) as ids:
        assert not ids


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("0::/user", True),
        ("5:memory:/other\n0::/user", True),
        ("0::/docker/ab", False),
        ("3:cpu,cpuacct:/docker\n0::/user", False),
        (None, False),
    ],
)
def test_only_a_target_in_our_own_control_group_is_beside_us(
    tmp_path: Path, theirs: str | None, *, expected: bool
) -> None:
    listening = [sys.executable, "-c", LISTENING]
    with subprocess.Popen(listening, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        port = other.stdout.readline().decode().strip()
        for process, lines in ((os.getpid(), "7:pids:/elsewhere\n0::/user"), (other.pid, theirs)):
            (tmp_path / str(process)).mkdir()
            if lines is not None:
                (tmp_path / str(process) / "cgroup").write_text(lines, "utf-8")
        assert runs_beside_us(f"http://127.0.0.1:{port}/mcp", tmp_path) is expected
        other.stdin.close()


@pytest.mark.parametrize("where", ["", "outer", "outer/inner"])
def test_a_quota_anywhere_above_rations(tmp_path: Path, where: str) -> None:
    root = tmp_path / "root"
    quota(root / "outer" / "inner", "max 100000")
    line = groups(tmp_path, "0::/outer/inner")
    assert not is_rationed(line, root)
    quota(root / where, "50000 100000")
    assert is_rationed(line, root)


def test_a_container_sees_its_own_quota_at_the_root_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    quota(root, "200000 100000")
    assert is_rationed(groups(tmp_path, "0::/system.slice/its-name-on-the-host"), root)


def test_the_first_version_of_control_groups_has_another_file(tmp_path: Path) -> None:
    root = tmp_path / "root"
    line = groups(tmp_path, "4:cpu,cpuacct:/outer")
    quota(root / "cpu,cpuacct" / "outer", "-1", "cpu.cfs_quota_us")
    assert not is_rationed(line, root)
    quota(root / "cpu,cpuacct" / "outer", "150000", "cpu.cfs_quota_us")
    assert is_rationed(line, root)


def test_the_folder_may_name_its_controllers_in_another_order(tmp_path: Path) -> None:
    root = tmp_path / "root"
    quota(root / "cpu", "150000", "cpu.cfs_quota_us")
    assert is_rationed(groups(tmp_path, "4:cpuacct,cpu:/"), root)


def test_without_control_groups_nothing_is_rationed(tmp_path: Path) -> None:
    assert not is_rationed(tmp_path / "none", tmp_path)


@pytest.mark.parametrize("line", ["0::/", "4:cpu:/"])
def test_a_quota_that_cannot_be_seen_counts_as_one(tmp_path: Path, line: str) -> None:
    assert is_rationed(groups(tmp_path, line), tmp_path / "none")
