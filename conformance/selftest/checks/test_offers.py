"""RLS-15 against a server whose documents have paths, and prompts that take two arguments."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "docs:/shelf/"
NO_SUCH = {"code": -32002, "message": "Resource not found"}
WRONG = {"code": -32602, "message": "Invalid arguments"}


class Shelves(Good):
    """Each tenant has two documents of its own; a third is everybody's."""

    shelves: ClassVar[dict[str, dict[str, str]]] = {
        "tenant-a": {"7f3a9c01": "Alpha report of q3-7f3a", "7f3a9c02": "Alpha plan"},
        "tenant-b": {"b81d4e55": "Beta report of q3-b81d", "b81d4e56": "Beta plan"},
    }

    def converse(self, message: dict[str, Any]) -> None:
        """Answer what the shelves are asked."""
        params: dict[str, Any] = message.get("params") or {}
        asks: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "tools/list": self.list_tools,
            "resources/list": self.list_page,
            "resources/templates/list": self.list_templates,
            "resources/read": self.read,
            "prompts/list": self.list_prompts,
            "prompts/get": self.get,
            "completion/complete": self.complete,
        }
        ask = asks.get(str(message.get("method")))
        if ask is None:
            super().converse(message)
            return
        told = ask(params)
        kind = "error" if "code" in told else "result"
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), kind: told})

    def list_tools(self, params: dict[str, Any]) -> dict[str, Any]:
        """List the one tool there is."""
        del params
        return {"tools": [{"name": "ping", "inputSchema": {}}]}

    def list_templates(self, params: dict[str, Any]) -> dict[str, Any]:
        """List the template of documents."""
        del params
        return {"resourceTemplates": [{"name": "document", "uriTemplate": f"{HEAD}{{doc}}"}]}

    def list_prompts(self, params: dict[str, Any]) -> dict[str, Any]:
        """List the one prompt there is."""
        del params
        return {"prompts": [self.prompt()]}

    def own(self) -> dict[str, str]:
        """Return the caller's documents."""
        return self.shelves[self.tenant() or ""]

    def found(self, name: str) -> str | None:
        """Return the document of that name, if the caller has it."""
        return self.own().get(name)

    def list_page(self, params: dict[str, Any]) -> dict[str, Any]:
        """List one document a page; the cursor is a number."""
        names = [*self.own(), "guide"]
        place = int(params.get("cursor") or 0)
        page: dict[str, Any] = {"resources": [{"uri": HEAD + names[place], "name": "document"}]}
        return {**page, "nextCursor": str(place + 1)} if names[place + 1 :] else page

    def read(self, params: dict[str, Any]) -> dict[str, Any]:
        """Read a document as a blob."""
        uri = str(params.get("uri"))
        name = uri.removeprefix(HEAD)
        text = "How to read" if name == "guide" else self.found(name)
        if text is None:
            return self.missing(name)
        blob = base64.b64encode(text.encode()).decode()
        return {"contents": [{"uri": uri, "mimeType": "text/plain", "blob": blob}]}

    def missing(self, name: str) -> dict[str, Any]:
        """Answer for a document that the caller has not."""
        del name
        return NO_SUCH

    def prompt(self) -> dict[str, Any]:
        """Describe the one prompt."""
        arguments = [{"name": name, "required": True} for name in ("doc", "tone")]
        return {"name": "summarise", "arguments": arguments}

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """Put a document into a question."""
        given = cast("dict[str, str]", params.get("arguments") or {})
        text = self.in_prompt(given.get("doc", ""))
        if text is None or given.get("tone") not in {"dry", "warm"}:
            return WRONG
        said = {"type": "text", "text": f"In a {given['tone']} tone: {text}"}
        return {"messages": [{"role": "user", "content": said}]}

    def in_prompt(self, name: str) -> str | None:
        """Return the document that a prompt names."""
        return self.found(name)

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Suggest tones, and the caller's documents."""
        argument = cast("dict[str, str]", params.get("argument") or {})
        known = ["dry", "warm"] if argument.get("name") == "tone" else self.suggested()
        values = [one for one in known if one.startswith(argument.get("value", ""))]
        return {"completion": {"values": values, "total": len(values)}}

    def suggested(self) -> list[str]:
        """Return the documents that are suggested."""
        return list(self.own())


class ReadsEverybodys(Shelves):
    """Finds a document by its name alone."""

    def found(self, name: str) -> str | None:
        """Look on all shelves."""
        return next((one[name] for one in self.shelves.values() if name in one), None)


class PromptsOfEverybody(Shelves):
    """Finds a document by its name alone where a prompt names it."""

    def in_prompt(self, name: str) -> str | None:
        """Look on all shelves."""
        return next((one[name] for one in self.shelves.values() if name in one), None)


class SuggestsEverybodys(Shelves):
    """Suggests whatever there is."""

    def suggested(self) -> list[str]:
        """Return the documents of all shelves."""
        return [name for shelf in self.shelves.values() for name in shelf]


class SaysWhose(Shelves):
    """Tells that a document is there, and another's."""

    def missing(self, name: str) -> dict[str, Any]:
        """Answer for a document that the caller has not."""
        is_there = any(name in shelf for shelf in self.shelves.values())
        return {"code": -32003, "message": "Forbidden"} if is_there else NO_SUCH


class CursorsAreTheOwners(Shelves):
    """Goes on with the shelf that the cursor names."""

    def list_page(self, params: dict[str, Any]) -> dict[str, Any]:
        """List one document a page; the cursor is a name."""
        cursor = params.get("cursor")
        if cursor is None:
            names = list(self.own())
            return {"resources": [{"uri": HEAD + names[0]}], "nextCursor": names[1]}
        return {"resources": [{"uri": HEAD + str(cursor)}]}


class TemplatesAlone(ReadsEverybodys):
    """Lists no resource, and reads what a template makes, by its name alone."""

    def list_page(self, params: dict[str, Any]) -> dict[str, Any]:
        """List nothing."""
        del params
        return {"resources": []}

    def prompt(self) -> dict[str, Any]:
        """Describe a prompt that takes nothing of anybody's."""
        return {"name": "hello"}


class ListsEverybodys(Shelves):
    """Lists the documents of all shelves behind the caller's own, and reads the caller's alone."""

    def list_page(self, params: dict[str, Any]) -> dict[str, Any]:
        """List one document a page."""
        others = [name for shelf in self.shelves.values() for name in shelf]
        names = list(dict.fromkeys([*self.own(), *others]))
        place = int(params.get("cursor") or 0)
        page: dict[str, Any] = {"resources": [{"uri": HEAD + names[place], "name": "document"}]}
        return {**page, "nextCursor": str(place + 1)} if names[place + 1 :] else page


class SuggestsEverybodysInPrompts(Shelves):
    """Suggests the caller's own for a template, and whatever there is for a prompt."""

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Suggest by what is completed."""
        values = [name for shelf in self.shelves.values() for name in shelf]
        if params["ref"]["type"] == "ref/prompt" and params["argument"]["name"] == "doc":
            return {"completion": {"values": values}}
        return super().complete(params)


class OffersATier(Shelves):
    """Lists and suggests to both what only one of them has paid for."""

    def found(self, name: str) -> str | None:
        """Find what is on sale for who has bought it."""
        is_bought = name == "premium" and self.tenant() == "tenant-a"
        return "All reports of all years" if is_bought else super().found(name)

    def list_page(self, params: dict[str, Any]) -> dict[str, Any]:
        """List the caller's own, and what is on sale, on one page."""
        del params
        names = [*self.own(), "premium"]
        return {"resources": [{"uri": HEAD + name, "name": "document"} for name in names]}

    def suggested(self) -> list[str]:
        """Return the documents that are suggested."""
        return [*self.own(), "premium"]


@pytest.mark.parametrize(
    ("server", "verdict"),
    [
        (Shelves, "pass"),
        (ReadsEverybodys, "fail"),
        (PromptsOfEverybody, "fail"),
        (SuggestsEverybodys, "fail"),
        (SaysWhose, "fail"),
        (CursorsAreTheOwners, "fail"),
        (TemplatesAlone, "fail"),
        (ListsEverybodys, "fail"),
        (SuggestsEverybodysInPrompts, "fail"),
        (OffersATier, "inconclusive"),
    ],
)
def test_documents_of_another_tenant_are_found(
    tmp_path: Path, server: type[Good], verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=RLS-15", profile=PROFILE)
    assert found.verdicts == {"RLS-15": verdict}, found.output
