"""The file of trusted issuers: what it may say, and what its errors name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.core.errors import ConfigurationError
from reference_server.identity.definitions import load_issuers

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = """
[[issuer]]
issuer = "https://login.example.com/realms/x"
organization = "org"
[issuer.access]
audience = "https://mcp.example.com/mcp"
clients = ["cli"]
scope = "mcp"
[issuer.login]
client_id = "web"
redirect_uri = "https://mcp.example.com/login/callback"
sign_up = ["@acme.example"]
"""


def load(folder: Path, words: str) -> object:
    path = folder / "issuers.toml"
    path.write_text(words, "utf-8")
    return load_issuers(path)


def test_none_is_trusted_without_a_file() -> None:
    assert load_issuers(None).issuer == ()


def test_a_file_tells_of_issuers(tmp_path: Path) -> None:
    path = tmp_path / "issuers.toml"
    path.write_text(RIGHT, "utf-8")
    (issuer,) = load_issuers(path).issuer
    assert issuer.access is not None
    assert issuer.access.clients == {"cli"}
    assert (issuer.login and issuer.login.sign_up) == ("@acme.example",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[[issuer", "not TOML"),
        (RIGHT.replace("organization", "tenant"), "issuer.0.organization"),
        (RIGHT.replace('scope = "mcp"', 'scopes = "mcp"'), "issuer.0.access.scopes"),
        (RIGHT.replace("https://login", "ftp://login"), "https URL"),
        (RIGHT.replace("/realms/x", "/realms/x?a=b"), "query"),
        (RIGHT.replace("https://login", "http://login"), "origins"),
        (RIGHT + RIGHT, "twice"),
        (RIGHT + RIGHT.replace("realms/x", "realms/y"), "login"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, words: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        load(tmp_path, words)


def test_an_origin_may_be_without_tls(tmp_path: Path) -> None:
    words = 'origins = ["http://127.0.0.1:8910"]\n' + RIGHT.replace(
        "https://login.example.com", "http://127.0.0.1:8910"
    )
    assert load(tmp_path, words)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--issuers"):
        load_issuers(tmp_path / "absent.toml")
