"""RLS-08 on every page of what tools answer, of servers whose names are their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.checks.test_soaking import CANARIES, RLS_08, ROOMY, Notes, other
from conformance.selftest.judging import judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = f"""{ROOMY}
[tools.validated]
name = "search"
arguments = {{ words = "spring" }}
bad_arguments = {{ words = 7 }}
"""


class Paged(Notes):
    """Shows notes on pages; ``argument`` and ``told`` are its names for the place of the next."""

    argument: ClassVar[str] = "startAfter"
    told: ClassVar[str | None] = "endCursor"

    def converse(self, message: dict[str, Any]) -> None:
        """List its tools, and answer calls of them."""
        tenant = self.tenant() or ""
        params: dict[str, Any] = message.get("params") or {}
        if message.get("method") == "tools/list":
            schema: dict[str, Any] = {"type": "object", "properties": {self.argument: {}}}
            tools: list[Any] = [
                {"name": name, "inputSchema": schema} for name in ("notes", "search")
            ]
            result: dict[str, Any] = {"tools": tools, "ttlMs": 0, "cacheScope": "private"}
        elif message.get("method") == "tools/call":
            arguments: dict[str, Any] = params.get("arguments", {})
            ask = self.found if params.get("name") == "search" else self.page
            result = {"content": [], "structuredContent": ask(tenant, arguments)}
        else:
            super().converse(message)
            return
        told = {"jsonrpc": "2.0", "id": message.get("id")}
        self.reply(200, {**told, "result": {**result, "resultType": "complete"}})

    def page(self, tenant: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the first page, or what a place leads to."""
        place = arguments.get(self.argument)
        if place is not None:
            return {"items": self.further(tenant, str(place))}
        leads = {} if self.told is None else {"meta": {self.told: f"of-{tenant}"}}
        return {"items": [CANARIES[tenant]], **leads}

    def further(self, tenant: str, place: str) -> list[str]:
        """Return the caller's own, wherever the place is from."""
        del place
        return [CANARIES[tenant]]

    def found(self, tenant: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what has a word."""
        del arguments
        return {"hits": [CANARIES[tenant]]}


class Offset(Paged):
    """Takes an offset, and says nothing of what comes next."""

    argument, told = "offset", None


class LeaksFurther(Paged):
    """Forgets whose notes they are on a further page."""

    def further(self, tenant: str, place: str) -> list[str]:
        """Return everybody's."""
        del tenant, place
        return [*CANARIES.values()]


class LeaksBeyondAnOffset(Offset, LeaksFurther):
    """The same, where places are counted."""


class LeaksByThePlace(Paged):
    """Takes the tenant from the place."""

    def further(self, tenant: str, place: str) -> list[str]:
        """Return what belongs to whom the place names."""
        del tenant
        return [CANARIES[place.removeprefix("of-")]]


class KeepsForTheNext(Paged):
    """Keeps what was found for whoever asks for the same next."""

    kept: ClassVar[list[str]] = []

    def found(self, tenant: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what was kept, once."""
        if self.kept:
            return {"hits": [self.kept.pop()]}
        self.kept.append(CANARIES[tenant])
        return super().found(tenant, arguments)


class FindsEverybodys(Paged):
    """Searches the notes of all."""

    def found(self, tenant: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what has a word, whoever's it is."""
        del arguments
        return {"hits": [CANARIES[tenant], CANARIES[other(tenant)]]}


class RefusesPlaces(Paged):
    """Refuses a place that another was told: its own alone leads on."""

    def further(self, tenant: str, place: str) -> list[str]:
        """Show nothing for another's place."""
        return [CANARIES[tenant]] if place == f"of-{tenant}" else []


@pytest.mark.parametrize("server", [Paged, Offset, RefusesPlaces])
def test_pages_of_ones_own_accuse_nobody(tmp_path: Path, server: type[Paged]) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", RLS_08, profile=PROFILE)
    assert found.verdicts == {"RLS-08": "pass"}, found.output


@pytest.mark.parametrize(
    "server",
    [LeaksFurther, LeaksBeyondAnOffset, LeaksByThePlace, KeepsForTheNext, FindsEverybodys],
)
def test_what_crosses_beyond_the_first_answer_is_found(tmp_path: Path, server: type[Paged]) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", RLS_08, profile=PROFILE)
    assert found.verdicts == {"RLS-08": "fail"}, found.output
