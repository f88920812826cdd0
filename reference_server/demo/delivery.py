"""The demo's plugin, the API that it calls, and each tenant's credentials there.

The API is a program of the judge's (``python -m conformance.world``): it tells which credential has
reached it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reference_server.demo import plugin
from reference_server.demo.ports import free_port
from reference_server.demo.world import world, write_secret
from reference_server.plugins.contracts import CUSTOM_LIST

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

NAME = "notes"
REPORTS = "reporting"
_BEGINNINGS = {
    "ANTHROPIC_API_KEY": "sk-ant-",
    "OPENAI_API_KEY": "sk-proj-",
    "GEMINI_API_KEY": "AIza",
    "GITHUB_TOKEN": "ghp_",
    "crm_token": "crm-",
    "Ledger_Key": "",
}
"""What a tenant's credentials are stored as, each with how such a thing begins."""
_OF_THE_HOST = ("HALLMARK_HOST_WORD", "hallmark_host_word", "OPENAI_API_KEY", "CRM_TOKEN")
"""Variables of the server's own process; two of them are called like what a plugin is given."""


@dataclass(frozen=True)
class DemoDelivery:
    """What the demo keeps of it, below a folder of its own."""

    folder: Path

    @cached_property
    def port(self) -> int:
        """Where the API listens."""
        return free_port()

    @cached_property
    def control(self) -> str:
        """The word by which the API tells what has come."""
        return secrets.token_urlsafe(24)

    @cached_property
    def of_the_host(self) -> dict[str, str]:
        """What stands in the environment of the server's process, and is for no plugin."""
        return {name: f"host-{secrets.token_hex(16)}" for name in _OF_THE_HOST}

    @property
    def definitions(self) -> Path:
        """The file of plugins."""
        return self.folder / "plugins.toml"

    @property
    def secrets(self) -> Path:
        """The directory of tenants' secrets."""
        return self.folder / "plugin-secrets"

    @contextlib.contextmanager
    def running(self) -> Generator[None]:
        """Start the API, and have the host's own words in the environment, until the block ends."""
        self.secrets.mkdir(mode=0o700)
        self._write_definitions()
        control = self.folder / "downstream-control"
        write_secret(control, self.control)
        before = {name: os.environ.get(name) for name in self.of_the_host}
        os.environ.update(self.of_the_host)
        try:
            with world("downstream", self.port, control):
                yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def give(self, tenant: str) -> dict[str, str]:
        """Store credentials of a tenant's; return them by their names."""
        folder = self.secrets / tenant
        folder.mkdir(mode=0o700)
        made = {name: f"{start}{secrets.token_hex(20)}" for name, start in _BEGINNINGS.items()}
        for name, value in made.items():
            write_secret(folder / name, value)
        return made

    def told(self) -> dict[str, Any]:
        """Return what the state file has of it, beside the tenants' credentials."""
        return {
            "downstream": {"url": f"http://127.0.0.1:{self.port}", "control": self.control},
            "host": self.of_the_host,
            "custom_list": CUSTOM_LIST,
        }

    def _write_definitions(self) -> None:
        command = [sys.executable, "-I", "-S", str(Path(plugin.__file__))]
        lines = ["[[plugin]]", f'name = "{NAME}"', f"command = {json.dumps(command)}"]
        lines += [_table("variable", {"name": name, "required": True}) for name in _BEGINNINGS]
        url = f"http://127.0.0.1:{self.port}"
        lines += [_table("variable", {"name": "NOTES_URL", "secret": False, "value": url})]
        lines += [_table("tool", tool) for tool in _TOOLS]
        lines += ["[[plugin]]", f'name = "{REPORTS}"', f"command = {json.dumps(command)}"]
        lines += [_table("variable", {"name": plugin.REPORTS, "required": True})]
        lines += [_table("variable", {"name": "NOTES_URL", "secret": False, "value": url})]
        lines += [_table("tool", _REPORT)]
        self.definitions.write_text("\n".join(lines) + "\n", encoding="utf-8")


_SERVICE = {"type": "string", "enum": list(plugin.SERVICES)}
_NOTE = {"type": "string", "maxLength": 500}
_TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "post_note",
        "description": "Sends a note to a service of the tenant's.",
        "input_schema": {
            "type": "object",
            "properties": {
                "note": _NOTE,
                "service": _SERVICE,
                "is_refused": {"type": "boolean"},
            },
            "required": ["note", "service"],
        },
    },
    {
        "name": "show_access",
        "description": "Says what it should not: a credential of the tenant's, in some form.",
        "input_schema": {
            "type": "object",
            "properties": {
                "note": _NOTE,
                "service": _SERVICE,
                "form": {"type": "string", "enum": [*plugin.FORMS, "split"]},
                "is_error": {"type": "boolean"},
            },
            "required": ["service", "form"],
        },
    },
    {
        "name": "list_environment",
        "description": "Names and digests of the variables that its process was given.",
        "input_schema": {"type": "object", "properties": {}},
    },
)

_REPORT: dict[str, Any] = {
    "name": "post_report",
    "description": "Sends a report with the credential that your organization has stored for it.",
    "tiers": ["admin", "user"],
    "input_schema": {"type": "object", "properties": {"note": _NOTE}, "required": ["note"]},
}


def _table(kind: str, entries: Mapping[str, Any]) -> str:
    lines = [f"{name} = {_toml(value)}" for name, value in entries.items()]
    return "\n".join([f"[[plugin.{kind}]]", *lines])


def _toml(value: Any) -> str:
    """Return a value as TOML has it: as JSON, but for tables."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return f"{{ {', '.join(f'{name} = {_toml(one)}' for name, one in table.items())} }}"
    return json.dumps(value)
