"""The demo's plugin: a stdio MCP server of the standard library alone, which begins at once.

A program of its own: it knows its environment and what it is asked, and nothing of the server.
``post_note`` sends a note to the API at ``NOTES_URL`` with the credential of a service, and
``post_report`` one with a credential that tenants store themselves;
``show_access`` says, in a form that is asked for, a credential that it was given, which no tool
should; ``list_environment`` tells names and digests of its variables.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "github": "GITHUB_TOKEN",
    "crm": "CRM_TOKEN",
}
"""The variable that holds the credential of each service."""
REPORTS = "REPORTS_TOKEN"
"""The variable that holds the credential of reports, which tenants store themselves."""
_HALF = 2
_SECONDS = 5.0
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "sentence": lambda word: f"the API refused {word}; ask for another key",
    "upper": str.upper,
    "base64": lambda word: base64.b64encode(word.encode()).decode(),
    "base64url": lambda word: base64.urlsafe_b64encode(f"k={word}".encode()).decode(),
    "hex": lambda word: word.encode().hex(),
    "percent": lambda word: "".join(f"%{byte:02X}" for byte in word.encode()),
    "percent_signs": lambda word: quote(f"https://api.example/?key={word}", safe=""),
    "json": lambda word: "".join(f"\\u{ord(letter):04x}" for letter in word),
    "reversed": lambda word: word[::-1],
    "half": lambda word: word[: len(word) // _HALF],
    "spaced": " ".join,
}


class _ToolError(Exception):
    """A tool failed; the message is told."""


def main() -> None:
    """Answer what is asked, a line each, until the input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        answer = {"jsonrpc": "2.0", "id": message["id"], **_answer(message)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = message.get("params") or {}
    if message["method"] == "initialize":
        return {
            "result": {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "demo-plugin", "version": "1"},
            }
        }
    if message["method"] != "tools/call":
        return {"error": {"code": -32601, "message": "there is no such method"}}
    tools = {
        "post_note": _post_note,
        "post_report": _post_report,
        "show_access": _show_access,
        "list_environment": _list_environment,
    }
    try:
        return {"result": tools[params["name"]](params.get("arguments") or {})}
    except _ToolError as error:
        return {"result": {"content": [_text(str(error))], "isError": True}}


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def _structured(found: dict[str, Any]) -> dict[str, Any]:
    return {"content": [_text(json.dumps(found))], "structuredContent": found}


def _post_note(arguments: dict[str, Any]) -> dict[str, Any]:
    return _posted(arguments, SERVICES[arguments["service"]])


def _post_report(arguments: dict[str, Any]) -> dict[str, Any]:
    return _posted(arguments, REPORTS)


def _posted(arguments: dict[str, Any], variable: str) -> dict[str, Any]:
    # Late: the other tools are not to wait for it.
    import urllib.error
    import urllib.request

    credential = os.environ[variable]
    path = "/v1/notes/refused" if arguments.get("is_refused") else "/v1/notes"
    body = json.dumps({"note": arguments["note"]}).encode()
    headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["NOTES_URL"] + path, body, headers)  # noqa: S310 -- the operator's own
    # Not by a proxy that the environment names, nor to where a redirect leads.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            return _structured({"status": answer.status, "note": arguments["note"]})
    except urllib.error.HTTPError as error:
        told = error.read().decode("utf-8", "replace")
        raise _ToolError(f"the API answered {error.code}: {told}") from None
    except OSError as error:
        raise _ToolError(f"the API did not answer: {error}") from None


def _show_access(arguments: dict[str, Any]) -> dict[str, Any]:
    credential = os.environ[SERVICES[arguments["service"]]]
    note = str(arguments.get("note", ""))
    if arguments["form"] == "split":
        half = len(credential) // _HALF
        return {"content": [_text(credential[:half]), _text(credential[half:])]}
    told = FORMS[arguments["form"]](credential)
    if arguments.get("is_error"):
        raise _ToolError(f"{note} {told}")
    if arguments.get("is_error") is False:
        return _structured({"note": note, "access": [{"of": told}]})
    return {"content": [_text(f"{note} {told}")]}


def _list_environment(arguments: dict[str, Any]) -> dict[str, Any]:
    del arguments
    found = [_described(name, value) for name, value in sorted(os.environ.items())]
    return _structured({"variables": found})


def _described(name: str, value: str) -> dict[str, str]:
    """Return what is told of a variable: of a list of names all, of any other no value."""
    told = {"name": name, "sha256": hashlib.sha256(value.encode()).hexdigest()}
    return told | ({"value": value} if name.endswith("CUSTOM_SECRETS") else {})


if __name__ == "__main__":
    main()
