"""Clocks, secrets and database URLs: what is refused before anything is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reference_server.core.clock import FileClock, SystemClock
from reference_server.core.errors import ConfigurationError
from reference_server.core.secrets import find_exposed, load_secrets
from reference_server.core.vocabulary import SecretMode, SecretName
from reference_server.db.engine import create_app_engine

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)


def _ahead(clock: FileClock) -> timedelta:
    return clock.now() - SystemClock().now()


def test_the_system_clock_speaks_utc() -> None:
    now = datetime.now(UTC)  # noqa: TID251 -- what the clock is compared with
    assert abs(SystemClock().now() - now) < timedelta(seconds=5)
    assert SystemClock().now().tzinfo is UTC


def test_a_file_moves_the_clock_there_and_back(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = FileClock(file)
    assert abs(_ahead(clock)) < timedelta(seconds=5)
    file.write_text("3600.5\n")
    assert _ahead(clock) > HOUR - timedelta(seconds=5)
    file.write_text("")
    assert abs(_ahead(clock)) < timedelta(seconds=5)
    file.write_text("7200")
    assert _ahead(clock) > 2 * HOUR - timedelta(seconds=5)
    file.unlink()
    assert abs(_ahead(clock)) < timedelta(seconds=5)


@pytest.mark.parametrize("nonsense", ["soon", "nan", "inf", "1e300", "99999999999999"])
def test_nonsense_leaves_the_last_offset_standing(tmp_path: Path, nonsense: str) -> None:
    file = tmp_path / "clock"
    clock = FileClock(file)
    file.write_text("3600")
    assert _ahead(clock) > HOUR / 2
    file.write_text(nonsense)
    assert HOUR / 2 < _ahead(clock) < 2 * HOUR


def _write_secrets(folder: Path) -> None:
    for name in SecretName:
        (folder / name).write_bytes(b"s" * 44 + b"\n")


def test_secrets_are_read_without_their_line_end(tmp_path: Path) -> None:
    _write_secrets(tmp_path)
    assert load_secrets(tmp_path) == dict.fromkeys(SecretName, b"s" * 44)


@pytest.mark.parametrize("name", list(SecretName))
def test_a_missing_or_empty_secret_is_named(tmp_path: Path, name: SecretName) -> None:
    _write_secrets(tmp_path)
    (tmp_path / name).write_text(" \n")
    with pytest.raises(ConfigurationError, match=f"{name} is empty"):
        load_secrets(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ConfigurationError, match=f"{name} is missing"):
        load_secrets(tmp_path)


def test_a_short_secret_is_refused_without_being_shown(tmp_path: Path) -> None:
    _write_secrets(tmp_path)
    (tmp_path / SecretName.ADMIN_TOKEN).write_text("hunter2")
    with pytest.raises(ConfigurationError, match="ADMIN_TOKEN is too short") as refusal:
        load_secrets(tmp_path)
    assert "hunter2" not in str(refusal.value)


def test_an_unreadable_secret_is_named(tmp_path: Path) -> None:
    _write_secrets(tmp_path)
    (tmp_path / SecretName.DB_PASSWORD).unlink()
    (tmp_path / SecretName.DB_PASSWORD).mkdir()
    with pytest.raises(ConfigurationError, match="DB_PASSWORD cannot be read"):
        load_secrets(tmp_path)


def test_a_missing_secrets_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        load_secrets(tmp_path / "absent")


@pytest.mark.parametrize(
    ("host", "mode"),
    [
        ("127.0.0.1", "disable"),
        ("127.9.9.9", "disable"),
        ("localhost", "disable"),
        ("[::1]", "disable"),
        ("db.example.com", "verify-full"),
        ("10.0.0.5", "verify-full"),
        ("localhost.example.com", "verify-full"),
    ],
)
def test_only_loopback_is_spoken_to_in_clear(host: str, mode: str) -> None:
    """Whatever the URL asks for: a setting must not be able to turn the check off."""
    engine = create_app_engine(f"postgresql://app@{host}:5432/db?sslmode=prefer", b"p", 1)
    assert engine.url.query["sslmode"] == mode


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "no URL"),
        ("postgresql://app@127.0.0.1:port/db", "no URL"),
        ("mysql://app@127.0.0.1/db", "must read"),
        ("postgresql://127.0.0.1/db", "must read"),
        ("postgresql://app@127.0.0.1", "must read"),
        ("postgresql://app:hunter2@127.0.0.1/db", "holds a password"),
    ],
)
def test_an_unusable_database_url_is_refused(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refusal:
        create_app_engine(url, b"p", 1)
    assert "hunter2" not in str(refusal.value)


def test_a_password_must_be_text() -> None:
    with pytest.raises(ConfigurationError, match="UTF-8"):
        create_app_engine("postgresql://app@127.0.0.1/db", b"\xff\xfe", 1)


@pytest.mark.parametrize("bits", [0o644, 0o604, 0o660, 0o602])
def test_a_secret_that_others_reach_is_refused_warned_of_or_ignored(
    tmp_path: Path, bits: int
) -> None:
    _write_secrets(tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    assert find_exposed(tmp_path, SecretMode.STRICT) == []
    (tmp_path / SecretName.ADMIN_TOKEN).chmod(bits)
    with pytest.raises(ConfigurationError, match=r"ADMIN_TOKEN can be reached by others.*chmod"):
        find_exposed(tmp_path, SecretMode.STRICT)
    (complaint,) = find_exposed(tmp_path, SecretMode.WARN)
    assert "ADMIN_TOKEN" in complaint
    assert find_exposed(tmp_path, SecretMode.SKIP) == []


def test_a_group_may_read_as_systemd_wants_it(tmp_path: Path) -> None:
    _write_secrets(tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o440)
    assert find_exposed(tmp_path, SecretMode.STRICT) == []


def test_no_secret_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SecretName:
        monkeypatch.setenv(name, "e" * 44)
        monkeypatch.setenv(f"HALLMARK_{name}", "e" * 44)
    with pytest.raises(ConfigurationError, match="missing"):
        load_secrets(tmp_path)
    _write_secrets(tmp_path)
    assert set(load_secrets(tmp_path).values()) == {b"s" * 44}
