"""The secrets of tools: where they come from, and what becomes of a wrong one in each mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.errors import ConfigurationError
from reference_server.core.providers import MOST_BYTES, ProviderSecrets
from reference_server.core.secrets import OWN, ProviderKeys, examined
from reference_server.core.settings import Settings, check_secrets
from reference_server.core.vocabulary import SecretMode, SecretName, SecretSource

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY, OTHER = "sk-Zq81hTn5Wc0LrV7x", "gh-9dKs2Mf4Pa6YeB3u"
SIGNING = "kJ8xVn2Qw0Zr5TtYh7Lb3Mc9Pd1Sf6Ge4Uo"


def _settings(**more: Any) -> Settings:
    return Settings(database="", secrets_dir=Path(), **more)


def _load(path: Path, mode: SecretMode = SecretMode.STRICT) -> ProviderSecrets:
    return ProviderSecrets.load(_settings(secret_file=path, secret_mode=mode), {})


def _written(folder: Path, content: Mapping[str, object] | str, name: str = "tools.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)
    return path


def _shown(secrets: ProviderKeys) -> tuple[tuple[str, ...], dict[str, str]]:
    return secrets.names, dict(secrets.custom())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tools.json", json.dumps({"anthropic": KEY, "GITHUB_TOKEN": OTHER, "stripe_Key": KEY})),
        ("tools.toml", f'anthropic = "{KEY}"\nGITHUB_TOKEN = "{OTHER}"\nstripe_Key = "{KEY}"\n'),
    ],
)
def test_providers_and_custom_secrets_come_from_a_file(
    tmp_path: Path, name: str, content: str
) -> None:
    found = _load(_written(tmp_path, content, name))
    names = ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "STRIPE_KEY")
    assert _shown(found) == (names, {"stripe_Key": KEY})
    assert [found.get(name) for name in ("github", "Github_Token", "stripe_key", "openai")] == [
        OTHER,
        OTHER,
        KEY,
        None,
    ]
    assert KEY not in repr(found)


def test_they_come_from_the_environment_where_that_is_said() -> None:
    environment = {"OPENAI_API_KEY": KEY, "STRIPE_KEY": OTHER, "UNNAMED": KEY, "GITHUB_TOKEN": ""}
    settings = _settings(
        secret_source=SecretSource.ENVIRONMENT,
        custom_secrets=("stripe_key", "absent"),
        secret_mode=SecretMode.WARN,
    )
    found = ProviderSecrets.load(settings, environment)
    assert _shown(found) == (("OPENAI_API_KEY", "STRIPE_KEY"), {"stripe_key": OTHER})
    assert "GITHUB_TOKEN" in found.complaints[0]  # empty, and so no key
    assert ProviderSecrets.load(_settings(), environment).names == ()


@pytest.mark.parametrize("mode", SecretMode)
@pytest.mark.parametrize("name", [*sorted(OWN), "jwt_secret", "database_url", "admin_token"])
def test_no_secret_of_the_servers_own_comes_this_way_in_any_mode(
    tmp_path: Path, name: str, mode: SecretMode
) -> None:
    with pytest.raises(ConfigurationError, match="own secrets") as refused:
        _load(_written(tmp_path, {name: SIGNING}), mode)
    assert SIGNING not in str(refused.value)
    settings = _settings(
        secret_source=SecretSource.ENVIRONMENT, custom_secrets=(name,), secret_mode=mode
    )
    with pytest.raises(ConfigurationError, match="own secrets"):
        ProviderSecrets.load(settings, {name: SIGNING, name.upper(): SIGNING})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openai", "short"),
        ("openai", ""),
        ("openai", "change-me-please"),
        ("openai", "aaaaaaaaaaaaaaaa"),
        ("openai", "x" + KEY * 500),
        ("webhook_signing_key", SIGNING[:31]),
        ("partner_jwt_secret", SIGNING[:31]),
        ("partner_hmac", "your-256-bit-secret-your-256-bit-secret"),
    ],
)
def test_a_weak_one_is_refused_left_out_or_taken(tmp_path: Path, name: str, value: str) -> None:
    path = _written(tmp_path, {name: value, "github": OTHER})
    with pytest.raises(ConfigurationError, match=f"{name}.*--secret-mode warn") as refused:
        _load(path)
    warned = _load(path, SecretMode.WARN)
    (complaint,) = warned.complaints
    assert (warned.names, name in complaint) == (("GITHUB_TOKEN",), True)
    if len(value) > 5:
        assert value not in f"{complaint}{refused.value}"
    skipped = _load(path, SecretMode.SKIP)
    assert (skipped.get(name), skipped.complaints) == (value, ())


@pytest.mark.parametrize(
    "content",
    [
        '{"PATH": "/tmp/evil-programs"}',
        '{"LD_PRELOAD": "/tmp/evil-library.so"}',
        '{"https_proxy": "http://evil.example"}',
        '{"a b": "KEY"}',
        '{"stripe": "KEY", "STRIPE": "KEY"}',
        '{"stripe": "KEY", "stripe": "KEY"}',
        '{"stripe": {"nested": "KEY"}}',
        '{"stripe": 12345678}',
        '{"stripe": "KEY\\u0000"}',
        '["KEY"]',
        '"KEY"',
        "{",
        "\udcff",
        "[" * 100_000,
        " " * (MOST_BYTES + 1),
    ],
)
def test_what_cannot_be_a_variable_is_never_taken(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tools.json"
    path.write_bytes(content.replace("KEY", KEY).encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as refused:
        _load(path)
    warned = _load(path, SecretMode.WARN)
    assert len(warned.complaints) == 1
    assert not set(warned.keys) - {"STRIPE"}
    assert KEY not in f"{refused.value}{warned.complaints}"
    assert not set(_load(path, SecretMode.SKIP).keys) - {"STRIPE"}


def test_a_file_that_others_can_read_is_refused_warned_of_or_taken(tmp_path: Path) -> None:
    path = _written(tmp_path, {"openai": KEY})
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"reached by others.*chmod 600"):
        _load(path)
    warned = _load(path, SecretMode.WARN)
    assert (warned.get("openai"), len(warned.complaints)) == (KEY, 1)
    assert _load(path, SecretMode.SKIP).complaints == ()


def test_a_file_that_is_not_there_leaves_the_tools_without_keys(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _load(path)
    assert _load(path, SecretMode.WARN).names == ()
    with pytest.raises(ConfigurationError, match=r"neither \.json nor \.toml"):
        _load(tmp_path / "absent.ini", SecretMode.SKIP)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"secret_mode": SecretMode.SKIP, "host": "0.0.0.0"}, "looks at no secret's file"),
        ({"secret_mode": SecretMode.SKIP, "host": "mcp.example.com"}, "--secret-mode"),
        (
            {"secret_source": SecretSource.ENVIRONMENT, "secret_file": Path("x.json")},
            "reads no file",
        ),
        ({"custom_secrets": ("a",)}, "--secret-source to environment"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(
    changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        check_secrets(_settings(**changed))


def test_a_test_on_this_machine_may_skip() -> None:
    check_secrets(_settings(secret_mode=SecretMode.SKIP, host="127.0.0.1"))


def test_what_is_examined_is_told_without_values(tmp_path: Path) -> None:
    for name in SecretName:
        (tmp_path / name).write_text(SIGNING)
        (tmp_path / name).chmod(0o600)
    (tmp_path / SecretName.ADMIN_TOKEN).write_text("short")
    (tmp_path / SecretName.CREDENTIAL_KEK).chmod(0o644)
    lines = examined(tmp_path, SecretMode.WARN)
    text = "\n".join(lines)
    assert f"API_KEY_HMAC_SECRET: from {tmp_path / 'API_KEY_HMAC_SECRET'}" in lines
    assert "refused: The secret ADMIN_TOKEN is too short" in text
    assert "warning: The secret CREDENTIAL_KEK can be reached" in text
    assert "refused: The secret CREDENTIAL_KEK" in "\n".join(examined(tmp_path, SecretMode.STRICT))
    assert SIGNING not in text
    assert examined(tmp_path / "absent", SecretMode.WARN)
