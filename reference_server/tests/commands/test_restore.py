"""A dump before each migration, and the way back from one that failed."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reference_server import __main__ as commands
from reference_server.core.vocabulary import Role, SecretName
from reference_server.db.engine import check_ready
from reference_server.migrations import HEAD
from reference_server.tests.rows import CHAIN_KEY, add_key, add_tenant
from reference_server.tests.rows import NOW as KEY_EXPIRES

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

TABLES = ("tenants", "api_keys", "metric_cache", "audit_log", "audit_head", "alembic_version")
# The newest revision's tables are there already, so going there a second time fails.
SPOILT = "UPDATE alembic_version SET version_num = '0002'"


@pytest.fixture
def secrets_dir(database: DemoDatabase, tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    for name, value in {
        "DB_ADMIN_PASSWORD": database.passwords[Role.ADMIN].encode(),
        "DB_AUDITOR_PASSWORD": database.passwords[Role.AUDITOR].encode(),
        SecretName.AUDIT_CHAIN_KEY: CHAIN_KEY,
    }.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(value)
    return folder


@pytest.fixture
def words(database: DemoDatabase, secrets_dir: Path, tmp_path: Path) -> list[str]:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.ADMIN)]
    return ["migrate", *options, "--dump-dir", str(tmp_path / "dumps")]


def _rows(auditor: psycopg.Connection) -> dict[str, list[str]]:
    return {
        table: sorted(row[0] for row in auditor.execute(f"SELECT t::text FROM {table} t"))  # noqa: S608 -- ours
        for table in TABLES
    }


def _rights(auditor: psycopg.Connection) -> list[tuple[object, ...]]:
    query = """
        SELECT relname::text, relrowsecurity, relforcerowsecurity, relacl::text,
               ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1)
          FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY 1"""
    schema = "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"
    return [*auditor.execute(query).fetchall(), *auditor.execute(schema).fetchall()]


def test_a_dump_is_taken_first_and_only_we_can_read_it(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(words) == 0
    (dump,) = (tmp_path / "dumps").iterdir()
    assert str(dump) in capsys.readouterr().out
    assert dump.stat().st_mode & 0o777 == 0o600
    assert dump.read_bytes()[:5] == b"PGDMP"


def test_a_failed_migration_tells_the_command_that_restores_everything(
    words: list[str],
    database: DemoDatabase,
    owner_engine: Engine,
    auditor: psycopg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_key(owner_engine, add_tenant(owner_engine), "a digest", KEY_EXPIRES)
    owner_engine.dispose()
    database.run_as_superuser([SPOILT])
    before, rights = _rows(auditor), _rights(auditor)
    assert commands.main(words) == 4
    told = capsys.readouterr().err
    assert "The database refused" in told
    assert "Traceback" not in told
    command = shlex.split(told.strip().splitlines()[-1].partition(": ")[2])
    assert Path(command[-1]).is_file()

    broken = [f"TRUNCATE {table} CASCADE" for table in TABLES if table != "audit_log"]
    database.run_as_superuser([*broken, "CREATE TABLE left_behind (x int)", "DROP TABLE sync_log"])
    subprocess.run(command, check=True, timeout=60)
    assert _rows(auditor) == before
    assert _rights(auditor) == rights
    database.run_as_superuser([f"UPDATE alembic_version SET version_num = '{HEAD}'"])  # noqa: S608 -- ours
    engine = database.engine(Role.APP)
    check_ready(engine)
    engine.dispose()


def test_a_dump_that_fails_stops_before_anything_is_migrated(
    words: list[str],
    database: DemoDatabase,
    auditor: psycopg.Connection,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table that the auditor may not read cannot be dumped, and so nothing could be put back."""
    database.run_as_superuser(["CREATE TABLE unseen (x int)", SPOILT])
    before = _rows(auditor)
    assert commands.main(words) == 4
    assert "unseen" in capsys.readouterr().err
    assert _rows(auditor) == before
    assert not list((tmp_path / "dumps").iterdir())


def test_without_the_programs_nothing_is_migrated(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main([*words, "--pg-bin", str(tmp_path)]) == 2
    assert "--no-dump" in capsys.readouterr().err
    assert not (tmp_path / "dumps").exists()


def test_whether_to_dump_must_be_said(words: list[str], secrets_dir: Path) -> None:
    with pytest.raises(SystemExit) as left:
        commands.main(words[:-2])
    assert left.value.code == 2
    assert commands.main(["restore", *words[1:-2], str(secrets_dir / "no.dump")]) == 2


def test_a_dump_that_is_none_changes_nothing(
    words: list[str], auditor: psycopg.Connection, tmp_path: Path
) -> None:
    dump = tmp_path / "broken.dump"
    dump.write_bytes(b"PGDMP and nothing more")
    before = _rows(auditor)
    assert commands.main(["restore", *words[1:-2], str(dump)]) == 4
    assert _rows(auditor) == before
