"""One skill of the extension for skills (SEP-2640): its files, its entry, and its folders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mcp_types as types

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.demo.everything.resources import OneResource
from reference_server.protocol.desk import LONGEST_NAME, Act

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller

EXTENSION = "io.modelcontextprotocol/skills"
FRONTMATTER = {"name": "fixture-skill", "description": "Does nothing, for tests."}
ROOT = f"skill://{FRONTMATTER['name']}"
FOLDER = "inode/directory"
CACHE = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
"""What every result of these methods has in it."""

_HEAD = "\n".join(f"{key}: {value}" for key, value in FRONTMATTER.items())

MANIFEST = OneResource(
    f"{ROOT}/SKILL.md",
    FRONTMATTER["name"],
    FRONTMATTER["description"],
    "text/markdown",
    f"---\n{_HEAD}\n---\n\nThere is nothing to do.\n",
)
NOTES = OneResource(
    f"{ROOT}/references/notes.md", "notes.md", "Notes.", "text/markdown", "Nothing to note.\n"
)
FILES = (MANIFEST, NOTES)

FOLDERS = {
    ROOT: [
        {"uri": MANIFEST.uri_template, "name": "SKILL.md", "mimeType": MANIFEST.mime_type},
        {"uri": f"{ROOT}/references", "name": "references", "mimeType": FOLDER},
    ],
    f"{ROOT}/references": [
        {"uri": NOTES.uri_template, "name": NOTES.name, "mimeType": NOTES.mime_type}
    ],
}


class UriParams(types.RequestParams):
    """Parameters of a method that asks for one thing."""

    uri: str


def _entry() -> dict[str, Any]:
    return {
        "uri": MANIFEST.uri_template,
        "frontmatter": FRONTMATTER,
        "resources": [
            {
                "uri": file.uri_template,
                "digest": f"sha256:{hashlib.sha256(file.content.encode()).hexdigest()}",
                "size": len(file.content.encode()),
            }
            for file in FILES
        ],
    }


@dataclass(frozen=True)
class _Skills:
    desk: Desk

    async def list_skills(self, call: Call, params: types.PaginatedRequestParams) -> dict[str, Any]:
        del params
        return await self._found(call, "skills", [_entry()])

    async def get(self, call: Call, params: UriParams) -> dict[str, Any]:
        skill = _entry() if params.uri == MANIFEST.uri_template else None
        return await self._found(call, "skill", skill, params.uri)

    async def read_folder(self, call: Call, params: UriParams) -> dict[str, Any]:
        return await self._found(call, "resources", FOLDERS.get(params.uri), params.uri)

    async def _found(self, call: Call, name: str, found: Any, uri: str = ROOT) -> dict[str, Any]:
        act = Act(EventType.RESOURCE_READ, {"resource": uri[:LONGEST_NAME]})

        def told(caller: Caller) -> dict[str, Any]:
            del caller
            if found is None:
                raise UnknownObjectError("resource")
            return {**CACHE, name: found}

        return await self.desk.run(call, act, told)


def add_skills(server: Server[dict[str, Any]], parts: Parts, desk: Desk) -> None:
    """Announce the extension and serve its methods."""
    del parts
    skills = _Skills(desk)
    server.extensions[EXTENSION] = {"directoryRead": True}
    server.add_request_handler("skills/list", types.PaginatedRequestParams, skills.list_skills)
    server.add_request_handler("skills/get", UriParams, skills.get)
    server.add_request_handler("resources/directory/read", UriParams, skills.read_folder)
