"""What a server lists in pages, or has no method for, is read as the protocol means it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.programs.official_client import converse
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.reading import from_url
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import KEYS, serving
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ("first", "second", "third", "last")


class Pages(Sessions):
    """Lists one tool a page."""

    def converse(self, message: dict[str, Any]) -> None:
        """Give the page that the cursor names."""
        if "id" not in message:
            self.reply(202, {})
        elif message["method"] == "tools/list":
            params = cast("dict[str, str]", message.get("params") or {})
            turn = int(params.get("cursor", "0"))
            result: dict[str, Any] = {
                "tools": [{"name": TOOLS[turn], "inputSchema": {"type": "object"}}]
            }
            if turn + 1 < len(TOOLS):
                result["nextCursor"] = str(turn + 1)
            self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})
        else:
            super().converse(message)


class NothingButPosts(Sessions):
    """Has neither a stream nor an end of sessions, and tells everybody so."""

    def answer(self) -> None:
        """Say so before the key is looked at."""
        if self.command in {"GET", "DELETE"}:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(405, {"error": "method not allowed"}, {"Allow": "POST"})
        else:
            super().answer()

    do_GET = do_POST = do_DELETE = answer


def test_the_official_client_reads_a_list_to_its_last_page() -> None:
    (key,) = (key for key, tenant in KEYS.items() if tenant == "tenant-a")
    with serving(Pages) as url:
        target = from_url(url)
        budget = Budget(AddressPool(target, 0), target.limits)
        line = Wire(target, "", budget, Transcript(Redactor({})))
        found = converse(line, key, "legacy", ())
        line.close()
    assert found.tools == TOOLS, found
    assert found.done == "everything"


@pytest.mark.parametrize("requirement", ["MCP-08", "AUTH-11"])
def test_a_method_that_nobody_has_is_no_way_in(tmp_path: Path, requirement: str) -> None:
    with serving(NothingButPosts) as url:
        words = (f"--target={url}", f"--requirement={requirement}")
        found = judge(tmp_path, *words, profile=PROFILE)
    assert found.verdicts == {requirement: "pass"}, found.output
