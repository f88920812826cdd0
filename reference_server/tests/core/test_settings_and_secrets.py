"""Clocks, secrets and database URLs: what is refused before anything is started."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reference_server.core.clock import FileClock, SystemClock
from reference_server.core.errors import ConfigurationError
from reference_server.core.secrets import find_exposed, is_sample, load_secrets
from reference_server.core.settings import Settings, check_sessions
from reference_server.core.vocabulary import SecretMode, SecretName, SessionMode
from reference_server.db.engine import create_app_engine

HOUR = timedelta(hours=1)
SECRET = b"kJ8xVn2Qw0Zr5TtYh7Lb3Mc9Pd1Sf6Ge4Uo_AiXyRq-"


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
        (folder / name).write_bytes(SECRET + b"\n")


def test_secrets_are_read_without_their_line_end(tmp_path: Path) -> None:
    _write_secrets(tmp_path)
    assert load_secrets(tmp_path) == dict.fromkeys(SecretName, SECRET)


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


@pytest.mark.parametrize(
    "sample",
    [
        "your-256-bit-secret-your-256-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "A-String-Secret-At-Least-256-Bits-Long",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr9C",
        "my-32-character-ultra-secure-and-ultra-long-secret",
        "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",
        "change-me-before-you-go-to-production",
        "SecretKey012345678901234567890123456789012345678901234567890123456789",
        "django-insecure-5k2jx8w0q9vz7tr4ynb6mc3hd1lg",
        "a" * 40,
        "ab" * 20,
        "0123456789" * 4,
        "kJ8xVn2Qw0Zr5TtY" * 2,
        "00000000-0000-0000-0000-000000000000",
    ],
)
@pytest.mark.parametrize("name", [SecretName.SESSION_SIGNING_SECRET, SecretName.ADMIN_TOKEN])
def test_what_others_know_is_no_secret(tmp_path: Path, name: SecretName, sample: str) -> None:
    _write_secrets(tmp_path)
    (tmp_path / name).write_text(sample)
    with pytest.raises(ConfigurationError, match=f"{name} is a sample.*openssl rand") as refusal:
        load_secrets(tmp_path)
    assert sample not in str(refusal.value)


@pytest.mark.parametrize(("password", "is_known"), [("postgres", True), ("k3-7ab", False)])
def test_a_password_may_be_short_but_not_everybodys(
    tmp_path: Path, password: str, *, is_known: bool
) -> None:
    _write_secrets(tmp_path)
    (tmp_path / SecretName.DB_PASSWORD).write_text(password)
    if not is_known:
        assert load_secrets(tmp_path)[SecretName.DB_PASSWORD] == password.encode()
        return
    with pytest.raises(ConfigurationError, match="DB_PASSWORD is a sample"):
        load_secrets(tmp_path)


@given(st.binary(min_size=32, max_size=32))
def test_what_is_random_is_no_sample(value: bytes) -> None:
    """In each of the forms in which it is usually written down."""
    drawn = hashlib.sha256(value).digest()
    forms = (drawn.hex().encode(), base64.b64encode(drawn), base64.urlsafe_b64encode(drawn))
    assert not any(is_sample(form) for form in forms)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"session_mode": SessionMode.DISABLED}, "for tests alone.*--session-mode"),
        ({"session_lifetime": 61, "session_longest": 60}, "--session-longest"),
    ],
)
def test_sessions_that_would_not_be_validated_are_refused(
    changed: dict[str, Any], words: str
) -> None:
    settings = Settings(database="", secrets_dir=Path(), **changed)
    with pytest.raises(ConfigurationError, match=words):
        check_sessions(settings)


def test_a_test_may_disable_validation_and_says_so() -> None:
    mode = SessionMode.DISABLED
    check_sessions(Settings(database="", secrets_dir=Path(), session_mode=mode, testing=True))


@pytest.mark.parametrize(
    ("told", "methods"),
    [
        ("standard", ["authorization", "mcp-proxy", "cookie"]),
        (["browser-only"], ["authorization", "cookie"]),
        (["api-only"], ["authorization"]),
        (["cookie"], ["cookie"]),
        ("mcp-proxy", ["mcp-proxy"]),
        (["cookie", "authorization"], ["cookie", "authorization"]),
    ],
)
def test_a_chain_is_told_by_a_word_or_by_its_methods(told: Any, methods: list[str]) -> None:
    settings = Settings(database="", secrets_dir=Path(), token_chain=told)
    assert list(settings.token_chain) == methods


@pytest.mark.parametrize("told", ["anything", [], ["cookie", "cookie"], ["standard", "cookie"]])
def test_no_other_chain_is_taken(told: Any) -> None:
    with pytest.raises(ValidationError):
        Settings(database="", secrets_dir=Path(), token_chain=told)


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
    assert set(load_secrets(tmp_path).values()) == {SECRET}
