"""RLS-15 against servers that list resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.checks.test_tools import CANARIES
from conformance.selftest.judging import judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {"tenant-a": "words of a", "tenant-b": "words of b"}


class ListsResources(Good):
    """Lists the caller's resources, one a page, and a tool for everybody."""

    def converse(self, message: dict[str, Any]) -> None:
        """Answer lists."""
        params: dict[str, Any] = message.get("params") or {}
        lists: dict[str, dict[str, Any]] = {
            "tools/list": {"tools": [{"name": "ping", "inputSchema": {"type": "object"}}]},
            "resources/list": self.page(params.get("cursor")),
        }
        if (result := lists.get(str(message.get("method")))) is None:
            super().converse(message)
        else:
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})

    def page(self, cursor: str | None) -> dict[str, Any]:
        """Return the page that a cursor names."""
        if cursor is None:
            return {"resources": [{"uri": "note:1", "name": "first"}], "nextCursor": "2"}
        return {"resources": [{"uri": "note:2", "name": WORDS[self.whose() or ""]}]}

    def whose(self) -> str | None:
        """Return whose resources are listed."""
        return self.tenant()


class ListsADefault(ListsResources):
    """Lists what is tenant A's, whoever asks."""

    def whose(self) -> str | None:
        """Return the default."""
        return "tenant-a"


@pytest.mark.parametrize(
    ("server", "verdict"),
    [(Good, "inconclusive"), (ListsResources, "pass"), (ListsADefault, "fail")],
)
def test_resources_of_another_tenant_are_found(
    tmp_path: Path, server: type[Good], verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=RLS-15", profile=CANARIES)
    assert found.verdicts == {"RLS-15": verdict}, found.output
