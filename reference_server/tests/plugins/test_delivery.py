"""What a process is given, and where that comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from reference_server.core.errors import ConfigurationError, ToolError
from reference_server.core.vocabulary import Tier
from reference_server.plugins.contracts import (
    CUSTOM_LIST,
    ExecutionStatus,
    PluginDef,
    PluginError,
    PluginVariableDef,
)
from reference_server.plugins.definitions import load_plugins
from reference_server.plugins.delivery import deliver
from reference_server.plugins.secrets import FilePluginSecrets, NoPluginSecrets

if TYPE_CHECKING:
    from pathlib import Path

A, B = UUID(int=10), UUID(int=11)
PLUGIN = PluginDef(
    "notes",
    ("notes",),
    (),
    (
        PluginVariableDef("GITHUB_TOKEN"),
        PluginVariableDef("crm_token"),
        PluginVariableDef("Ledger_Key", required=False),
        PluginVariableDef("NOTES_URL", secret=False, value="http://notes.example"),
    ),
)


def stored(folder: Path, tenant: UUID, **values: str) -> FilePluginSecrets:
    own = folder / str(tenant)
    own.mkdir(mode=0o700, exist_ok=True)
    for name, value in values.items():
        (own / name).touch(mode=0o600)
        (own / name).write_text(f"{value}\n", encoding="utf-8")
    return FilePluginSecrets(folder)


def test_a_process_has_its_tenants_secrets_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-server")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-the-server")
    stored(tmp_path, A, GITHUB_TOKEN="github-of-a", crm_token="crm-of-a-one")
    secrets = stored(tmp_path, B, GITHUB_TOKEN="github-of-b", crm_token="crm-of-b-one")
    given = deliver(PLUGIN, A, secrets)
    assert given.variables == {
        "PATH": PLUGIN.path,
        "GITHUB_TOKEN": "github-of-a",
        "crm_token": "crm-of-a-one",
        "CRM_TOKEN": "crm-of-a-one",
        CUSTOM_LIST: "CRM_TOKEN",
        "NOTES_URL": "http://notes.example",
    }
    assert set(given.credentials) == {"github-of-a", "crm-of-a-one"}
    assert "github-of-a" not in repr(given)


def test_several_custom_secrets_are_listed_by_commas(tmp_path: Path) -> None:
    secrets = stored(
        tmp_path, A, GITHUB_TOKEN="github-a", crm_token="crm-a-one", Ledger_Key="l" * 9
    )
    assert deliver(PLUGIN, A, secrets).variables[CUSTOM_LIST] == "CRM_TOKEN,LEDGER_KEY"


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_TOKEN": "github-of-a"}, "crm_token is not set"),
        ({"GITHUB_TOKEN": "short"}, "fewer than 8"),
        ({"GITHUB_TOKEN": "with\0zero-byte"}, "zero byte"),
    ],
)
def test_without_a_required_secret_nothing_is_started(
    tmp_path: Path, values: dict[str, str], word: str
) -> None:
    with pytest.raises(PluginError, match=word) as refused:
        deliver(PLUGIN, A, stored(tmp_path, A, **values))
    assert refused.value.status is ExecutionStatus.NOT_CONNECTED
    assert not any(value in str(refused.value) for value in values.values())


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secrets = stored(tmp_path, A, GITHUB_TOKEN="github-of-a")
    (tmp_path / str(A) / "GITHUB_TOKEN").chmod(0o640)
    with pytest.raises(ToolError, match="chmod 600"):
        secrets.get(A, "GITHUB_TOKEN")


@pytest.mark.parametrize("name", ["../b/GITHUB_TOKEN", "a/b", "", ".", "x" * 65, "NAME\n"])
def test_a_name_leads_out_of_no_folder(tmp_path: Path, name: str) -> None:
    assert stored(tmp_path, A, GITHUB_TOKEN="github-of-a").get(A, name) is None
    assert NoPluginSecrets().get(A, name) is None


GOOD = """
[[plugin]]
name = "notes"
command = ["notes", "--serve"]
seconds = 3
memory_mb = 64
output_kb = 8
[[plugin.variable]]
name = "GITHUB_TOKEN"
[[plugin.variable]]
name = "NOTES_URL"
secret = false
value = "http://notes.example"
[[plugin.tool]]
name = "post_note"
description = "Sends a note."
tiers = ["user"]
input_schema = { type = "object", properties = { note = { type = "string" } } }
"""


def read(folder: Path, text: str) -> tuple[PluginDef, ...]:
    path = folder / "plugins.toml"
    path.write_text(text, encoding="utf-8")
    return load_plugins(path)


def test_a_definition_is_read_and_its_tools_take_nothing_else(tmp_path: Path) -> None:
    (plugin,) = read(tmp_path, GOOD)
    assert (plugin.name, plugin.command) == ("notes", ("notes", "--serve"))
    assert plugin.bounds == replace(
        plugin.bounds, seconds=3.0, memory_bytes=64 << 20, output_bytes=8 << 10
    )
    (tool,) = plugin.tools
    assert tool.tiers == {Tier.USER}
    assert tool.input_schema["additionalProperties"] is False
    assert load_plugins(None) == ()


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('name = "notes"', "", "has no name"),
        ('["notes", "--serve"]', '"notes"', "command is a list"),
        ('"GITHUB_TOKEN"', '"LD_PRELOAD"', "decides what is run"),
        ('"GITHUB_TOKEN"', '"path"', "decides what is run"),
        ('"GITHUB_TOKEN"', '"HTTPS_PROXY"', "decides what is run"),
        ('"GITHUB_TOKEN"', '"GITHUB_TOKEN"\nshared = 1', "true or false"),
        ("secret = false", "secret = false\nshared = true", "leave shared out"),
        ('"GITHUB_TOKEN"', '"github_token"', "write GITHUB_TOKEN"),
        ('"GITHUB_TOKEN"', '"a-b"', "no name of a variable"),
        ('"GITHUB_TOKEN"', '"notes_url"', "two variables"),
        ('"GITHUB_TOKEN"', '"GITHUB_TOKEN"\nvalue = "ghp_x"', "take its value out"),
        ('value = "http://notes.example"', "", "give its value"),
        ("seconds = 3", "seconds = 300", "25 at most"),
        ("memory_mb = 64", "memory_mb = 0", "above 0"),
        ("output_kb = 8", "output_kib = 8", "output_kib is unknown"),
        ('tiers = ["user"]', 'tiers = ["root"]', "tiers are some of"),
        ('"post_note"', '"post note"', "letters, digits"),
        ('type = "object", p', 'type = "array", p', 'of type "object"'),
        ("[[plugin]]", "[plugins]", "plugins is unknown"),
        ("[[plugin]]", "[plugin", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"plugins\.toml") as refused:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert word in str(refused.value)


def test_a_shared_secret_is_the_operators_and_never_takes_the_place_of_a_tenants(
    tmp_path: Path,
) -> None:
    operators = {"GITHUB_TOKEN": "ghp_of-the-operator"}
    for words, expected in (("shared = true", operators["GITHUB_TOKEN"]), ("required = false", "")):
        path = tmp_path / "plugins.toml"
        path.write_text(GOOD.replace('"GITHUB_TOKEN"', f'"GITHUB_TOKEN"\n{words}'), "utf-8")
        (plugin,) = load_plugins(path, operators.get)
        given = deliver(plugin, A, NoPluginSecrets())
        assert given.variables.get("GITHUB_TOKEN", "") == expected
        assert given.credentials == ((expected,) if expected else ())
    (plugin,) = read(tmp_path, GOOD.replace('"GITHUB_TOKEN"', '"GITHUB_TOKEN"\nshared = true'))
    with pytest.raises(PluginError, match="not set at this server"):
        deliver(plugin, A, NoPluginSecrets())


def test_a_tool_or_a_plugin_stands_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="two plugins are called notes"):
        read(tmp_path, GOOD + GOOD)
    with pytest.raises(ConfigurationError, match="two tools are called post_note"):
        read(tmp_path, GOOD + GOOD.replace('"notes"', '"others"', 1))
