"""What keeps the cores awake: of the lowest class, one a core, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance.timing.awake import MOST_CORES, awake, is_rationed
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 30
ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="SCHED_IDLE is Linux's")


def groups(folder: Path, line: str) -> Path:
    path = folder / "cgroup"
    path.write_text(f"7:pids:/\n{line}\n", "utf-8")
    return path


def quota(folder: Path, words: str, name: str = "cpu.max") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{words}\n", "utf-8")


@ONLY_LINUX
@pytest.mark.skipif(is_rationed(), reason="processor time is rationed here")
def test_each_core_has_one_that_gives_way_to_everything_and_none_stays() -> None:
    cores = sorted(os.sched_getaffinity(0))[:MOST_CORES]
    with awake() as ids:
        assert len(ids) == len(cores)
        for process, core in zip(ids, cores, strict=True):
            assert wait_for(lambda p=process, c=core: os.sched_getaffinity(p) == {c}, SECONDS)
            assert os.sched_getscheduler(process) == os.SCHED_IDLE
    assert not any(psutil.pid_exists(process) for process in ids)


@ONLY_LINUX
@pytest.mark.skipif(is_rationed(), reason="processor time is rationed here")
def test_they_end_with_a_judge_that_is_killed() -> None:
    code = (
        "from conformance.timing.awake import awake\n"
        "with awake() as ids:\n    print(*ids, flush=True)\n    input()\n"
    )
    judge = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with judge:
        assert judge.stdout is not None
        left = [psutil.Process(int(word)) for word in judge.stdout.readline().split()]
        judge.kill()
    assert left
    _, alive = psutil.wait_procs(left, SECONDS)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


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


def test_without_control_groups_nothing_is_rationed(tmp_path: Path) -> None:
    assert not is_rationed(tmp_path / "none", tmp_path)
