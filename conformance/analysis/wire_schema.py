"""Judges messages of the protocol by the specification's own JSON Schema for their revision."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.channels.http.heard import Heard

SCHEMAS = Path(__file__).parents[2] / "fixtures" / "schemas" / "mcp"
"""One file a revision, unchanged; ``fixtures/schemas/ORIGINS.md`` tells whence they are."""
_COMPLETE = "complete"
_INPUT_REQUIRED = "input_required"
_EMPTY = frozenset({"ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"})
_NUMBERS = ("minimum", "maximum", "default")
_NULL = re.compile(r"^None\b")
"""How the library writes null."""
_SHOWN = 160
_MOST = 8
"""Faults of one message that are told."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one kind of message: where in it, by which rule, and in which words."""

    heard: Heard
    path: str
    rule: str
    wrong: str

    @property
    def kind(self) -> tuple[str, str, str]:
        """What is reported once, however often it is heard."""
        return self.heard.revision, self.heard.told, self.rule

    def __str__(self) -> str:
        """Tell it in a sentence."""
        heard = self.heard
        return f"{heard.revision}: the {heard.told} is wrong at {self.path}: {self.wrong}"


def faults(messages: Iterable[Heard]) -> list[Fault]:
    """Return what is wrong with some messages, each kind of fault once."""
    found: dict[tuple[str, str, str], Fault] = {}
    for heard in messages:
        for fault in _faults_of(heard):
            found.setdefault(fault.kind, fault)
    return list(found.values())


def _faults_of(heard: Heard) -> list[Fault]:
    if heard.kind == "batch":
        return [Fault(heard, "$", "batch", "it is an array, and the revision has no batches")]
    schema = _schema(heard.revision)
    told: dict[tuple[str, str], Fault] = {}
    try:
        for name, value, start in schema.parts(heard):
            for path, rule, wrong in schema.errors(name, value):
                fault = Fault(heard, start + path, rule, wrong)
                told.setdefault((fault.path, wrong), fault)
                if len(told) == _MOST:
                    return list(told.values())
    except RecursionError:
        return []  # nested beyond what the library walks: nobody saw anything wrong with it
    return list(told.values())


class Schema:
    """The schema of one revision, of which each definition is compiled when it is first asked."""

    def __init__(self, revision: str) -> None:
        document = json.loads((SCHEMAS / f"{revision}.json").read_text("utf-8"))
        self._place = "$defs" if "$defs" in document else "definitions"
        self._names: dict[str, Any] = document[self._place]
        self._dialect = document["$schema"]
        self._correct()
        self._methods: dict[str, str] = {}
        self._codes: dict[int, str] = {}
        for name, entry in self._names.items():
            properties = entry.get("properties", {})
            if method := properties.get("method", {}).get("const"):
                self._methods[method] = name
            for part in properties.get("error", {}).get("allOf", ()):
                if (code := part.get("properties", {}).get("code", {}).get("const")) is not None:
                    self._codes[code] = name
        self._compiled: dict[str, Any] = {}

    def _correct(self) -> None:
        """Mend what is known to be wrong: bounds and defaults of a number need not be whole.

        The official conformance suite does the same; 2026-07-28 has it right.
        """
        number = self._names.get("NumberSchema", {}).get("properties", {})
        for name in _NUMBERS:
            if number.get(name, {}).get("type") == "integer":
                number[name] = {**number[name], "type": "number"}

    def parts(self, heard: Heard) -> Iterator[tuple[str, Any, str]]:
        """Yield a definition, the value that must be valid by it, and where that stands."""
        message = cast("dict[str, Any]", heard.value)
        if heard.kind in {"request", "notification"}:
            yield self._of_the_server(heard.kind, message["method"]), message, "$"
        elif heard.kind == "error":
            yield self._error(message["error"]), _with_an_id(message, heard.status), "$"
        elif heard.kind == "result":
            result = message["result"]
            yield self._first("JSONRPCResultResponse", "JSONRPCResponse"), message, "$"
            yield self._result(heard.method, result), result, "$.result"
        else:
            yield "JSONRPCMessage", message, "$"

    def _of_the_server(self, kind: str, method: Any) -> str:
        """Return the definition of what a server may send by itself; others are extensions."""
        union = self._names.get(f"Server{kind.capitalize()}", {})
        own = {entry["$ref"].rpartition("/")[2] for entry in union.get("anyOf", ())}
        name = self._methods.get(method, "") if isinstance(method, str) else ""
        return name if name in own else f"JSONRPC{kind.capitalize()}"

    def _error(self, error: Any) -> str:
        code: Any = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else None
        name = self._codes.get(code) if type(code) is int else None
        return name or self._first("JSONRPCErrorResponse", "JSONRPCError")

    def _result(self, method: str, result: Any) -> str:
        """Return the definition of a method's result.

        A type of result that the revision does not know is an extension's: any result is right.
        """
        table = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
        kind: Any = table.get("resultType", _COMPLETE)
        if "InputRequiredResult" in self._names and isinstance(kind, str) and kind != _COMPLETE:
            return "InputRequiredResult" if kind == _INPUT_REQUIRED else "Result"
        is_task = isinstance(table.get("task"), dict) and "content" not in table
        if method == "tools/call" and is_task and "CreateTaskResult" in self._names:
            return "CreateTaskResult"
        name = self._methods.get(method, "").removesuffix("Request") + "Result"
        return name if method not in _EMPTY and name in self._names else "Result"

    def _first(self, *names: str) -> str:
        return next(name for name in names if name in self._names)

    def errors(self, name: str, value: Any) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong: where from here, by which rule, and in which words."""
        from jsonschema.exceptions import best_match  # pyright: ignore[reportUnknownVariableType]

        for error in self._validator(name).iter_errors(value):
            deepest: Any = cast("Any", best_match)([error])
            rule = "/".join(map(str, (name, *error.absolute_schema_path)))
            wrong = _NULL.sub("null", str(deepest.message)[:_SHOWN], count=1)
            yield deepest.json_path.removeprefix("$"), rule, wrong

    def _validator(self, name: str) -> Any:
        if name not in self._compiled:
            from jsonschema.validators import validator_for

            entry = {
                "$schema": self._dialect,
                "$ref": f"#/{self._place}/{name}",
                self._place: self._names,
            }
            self._compiled[name] = cast("Any", validator_for)(entry)(entry)
        return self._compiled[name]


@cache
def _schema(revision: str) -> Schema:
    return Schema(revision)


def _with_an_id(message: dict[str, Any], status: int) -> dict[str, Any]:
    """Return an error with an id where it may go without: no schema says so, and others do.

    JSON-RPC 2.0 (section 5) has null where the id could not be read, and the transport lets an
    answer with an HTTP error hold an error without any.
    """
    is_null = "id" in message and message["id"] is None
    is_refused = "id" not in message and status >= HTTPStatus.BAD_REQUEST
    return {**message, "id": 0} if is_null or is_refused else message
