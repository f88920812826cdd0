"""Settings from a file, the environment and options, and what is said of wrong ones."""

from __future__ import annotations

import argparse
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reference_server import __main__ as commands
from reference_server.commands.configuration import add_settings_options, settings_from
from reference_server.core.errors import ConfigurationError
from reference_server.core.vocabulary import ProxyHeader, SecretMode

if TYPE_CHECKING:
    from reference_server.core.settings import Settings

CHECK = "--check-settings"
BOTH = ("--secrets=/s", "--database=postgresql://app@db/x")


def settings_of(*words: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_settings_options(parser)
    return settings_from(parser.parse_args(words))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(
        """
        database = "postgresql://app@db/x"
        secrets = "/from/file"
        port = 1
        allowed_hosts = ["mcp.example.com"]
        trusted_proxies = ["10.0.0.0/8", "::1"]
        proxy_header = "Forwarded"
        [limits]
        block = 7
        failures = 3
        """
    )
    return path


def test_an_option_wins_over_a_variable_and_that_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALLMARK_SETTINGS", str(file))
    monkeypatch.setenv("HALLMARK_PORT", "2")
    monkeypatch.setenv("HALLMARK_SECRETS", "/from/variable")
    monkeypatch.setenv("HALLMARK_LIMITS_FAILURES", "4")
    settings = settings_of("--port=3", "--limit=block=8")
    assert (settings.port, settings.secrets_dir) == (3, Path("/from/variable"))
    assert (settings.limits.block, settings.limits.failures) == (8, 4)
    assert settings.limits.address_requests == 100
    assert settings.allowed_hosts == ("mcp.example.com",)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.proxy_header is ProxyHeader.FORWARDED


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(*BOTH, "--allowed-hosts=a.example, b.example:*")
    assert settings.allowed_hosts == ("a.example", "b.example:*")
    monkeypatch.setenv("HALLMARK_ALLOWED_ORIGINS", "https://x.example,https://y.example")
    assert settings_of(*BOTH).allowed_origins == ("https://x.example", "https://y.example")


def test_a_chain_is_a_word_or_a_list(file: Path) -> None:
    def chain(*words: str) -> list[str]:
        return list(settings_of(*words).token_chain)

    assert chain(*BOTH) == ["authorization", "mcp-proxy", "cookie"]
    assert chain(*BOTH, "--token-chain=api-only") == ["authorization"]
    assert chain(*BOTH, "--token-chain=cookie,authorization") == ["cookie", "authorization"]
    told = file.read_text().replace("[limits]", 'token_chain = "browser-only"\n[limits]')
    file.write_text(told)
    assert chain(f"--settings={file}") == ["authorization", "cookie"]


def test_only_a_test_on_this_machine_asks_nobody_for_a_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def checked(*words: str) -> tuple[int, str]:
        code = commands.main(["serve", *BOTH, "--session-mode=disabled", *words, CHECK])
        return code, capsys.readouterr().err

    assert checked("--testing=true", "--host=::1") == (0, "")
    assert checked("--testing=true", "--host=localhost") == (0, "")
    code, told = checked()
    assert code == 2
    assert "for tests alone: set --session-mode" in told
    for host in ("0.0.0.0", "10.0.0.1", "mcp.example.com"):
        code, told = checked("--testing=true", f"--host={host}")
        assert code == 2
        assert "testing is for this machine alone" in told


def test_no_test_is_run_behind_a_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    """Bound to loopback, it would still be reached by whoever reaches a proxy on this machine."""
    for word, named in {
        "--trusted-proxies=127.0.0.1": "--trusted-proxies speak for others",
        "--allowed-hosts=localhost:*,mcp.example.com": "--allowed-hosts has mcp.example.com",
        "--allowed-hosts=*": "--allowed-hosts has *",
    }.items():
        words = ["serve", *BOTH, "--session-mode=disabled", "--testing=true", word, CHECK]
        assert commands.main(words) == 2
        assert named in capsys.readouterr().err
    words = ["serve", *BOTH, "--testing=true", "--allowed-hosts=[::1]:*,127.0.0.1:3001", CHECK]
    assert commands.main(words) == 0


def test_what_is_not_said_is_the_default() -> None:
    settings = settings_of(*BOTH)
    assert (settings.log_file, settings.redis, settings.workers) == (None, None, 1)
    assert settings_of(*BOTH, "--log-file=x").log_file == Path("x")
    assert settings_of(*BOTH, "--secret-mode=strict").secret_mode is SecretMode.STRICT


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "database is not set: give --database, HALLMARK_DATABASE, or a line"),
        (BOTH[1:], "secrets is not set: give --secrets"),
        ((*BOTH, "--port=65536"), r"--port is '65536': input should be less than or equal"),
        ((*BOTH, "--port=http"), r"--port is 'http': input should be a valid integer"),
        ((*BOTH, "--pool-size=0"), r"--pool-size is '0': input should be greater"),
        ((*BOTH, "--limit=blok=3"), r"--limit blok=3 is no setting: do you mean limits.block\?"),
        ((*BOTH, "--session-mode=off"), r"--session-mode is 'off': input should be 'required'"),
        ((*BOTH, "--session-longest=604801"), r"--session-longest is '604801': input should be"),
        ((*BOTH, "--session-cookie=a b"), r"--session-cookie is 'a b': string should match"),
        ((*BOTH, "--token-chain=bearer"), r"--token-chain is \['bearer'\]: input should be"),
        ((*BOTH, "--token-chain=cookie,cookie"), "a method stands twice"),
        ((*BOTH, "--limit=block"), r"--limit block is '': input should be a valid integer"),
        ((*BOTH, "--limit=block=0"), r"--limit block is '0': input should be greater"),
        ((*BOTH, "--secret-mode=loose"), r"--secret-mode is 'loose': input should be 'strict'"),
        ((*BOTH, "--trusted-proxies=10.0.0.1/8"), r"--trusted-proxies is .* has host bits set"),
        ((*BOTH, "--workers=2"), "Several --workers need --redis"),
        ((*BOTH, "--public-url=http://mcp.example"), "--public-url is .* begin with https://"),
        ((*BOTH, "--public-url=https://mcp.example/"), "--public-url is .* without a path"),
        ((*BOTH, "--public-url=https://MCP.example"), "--public-url is .* small letters"),
        ((*BOTH, "--public-url=https://u@mcp.example"), "--public-url is .* an origin"),
        ((*BOTH, "--public-url=https://mcp.example:x"), "--public-url is .* no URL"),
        ((*BOTH, "--client-documents=https://a.example"), "--client-documents is .* this machine"),
        ((*BOTH, "--limit=oauth_code=61"), "--limit oauth_code is '61': input should be less"),
        ((*BOTH, "--limit=oauth_access=0"), "--limit oauth_access is '0': input should be"),
        ((*BOTH, "--settings=/nowhere.toml"), "/nowhere.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        settings_of(*words)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 1", "server.toml: prot is no setting: do you mean port?"),
        ("admin_token = 'x'", "server.toml: admin_token is no setting"),
        ("limits = 3", "server.toml: limits is a table: write [limits]"),
        ("[limits]\nblock = 'x'", "server.toml: limits.block is 'x': input should be"),
        ("port = ", "server.toml is not TOML"),
        ("allowed_hosts = 'x'", "server.toml: allowed_hosts is 'x': input should be"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        settings_of(*BOTH, f"--settings={path}")
    assert complaint in str(refused.value)


def test_settings_are_shown_with_their_sources_and_can_be_read_again(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (f"--settings={file}", "--port=3", "--redis=redis://user:pa55@r/0")
    assert commands.main(["serve", *words, "--check-settings"]) == 0
    shown = capsys.readouterr().out
    assert "port = 3  # --port\n" in shown
    assert "failures = 3  # " in shown
    assert 'host = "127.0.0.1"  # default' in shown
    assert "pa55" not in shown
    assert tomllib.loads(shown)["trusted_proxies"] == ["10.0.0.0/8", "::1/128"]
    again = tmp_path / "again.toml"
    again.write_text(shown.replace("***", "pa55"))
    assert settings_of(f"--settings={again}") == settings_of(*words)


def test_secrets_are_shown_by_name_with_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "kJ8xVn2Qw0Zr5TtYh7Lb3Mc9Pd1Sf6Ge"
    (tmp_path / "ADMIN_TOKEN").write_text(secret)
    (tmp_path / "tools.toml").write_text(f'github = "{secret}"\nopenai = "short"\n')
    (tmp_path / "tools.toml").chmod(0o600)
    words = (f"--secrets={tmp_path}", BOTH[1], f"--secret-file={tmp_path / 'tools.toml'}")
    assert commands.main(["serve", *words, CHECK]) == 0
    told = capsys.readouterr().out
    assert f"# ADMIN_TOKEN: from {tmp_path / 'ADMIN_TOKEN'}\n" in told
    assert "# refused: The secret DB_PASSWORD is missing" in told
    assert f"# GITHUB_TOKEN: from {tmp_path / 'tools.toml'}\n" in told
    assert "# warning: The secret openai in " in told
    assert secret not in told
    assert tomllib.loads(told)["secret_source"] == "file"
    assert commands.main(["serve", *words, "--secret-mode=strict", CHECK]) == 2
    for more in (("--secret-mode=skip", "--host=0.0.0.0"), ("--secret-source=environment",)):
        assert commands.main(["serve", *words, *more, CHECK]) == 2


def test_wrong_settings_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["serve", "--check-settings", "--port=1"]) == 2
    assert "reference_server: database is not set" in capsys.readouterr().err
