"""Tools with each kind of content, with errors, and with schemas of all that JSON Schema has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import mcp_types as types

from reference_server.core.errors import ToolError
from reference_server.demo.everything.fixture import Fixture, arguments, says, shows

if TYPE_CHECKING:
    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAF"
    "BQIAX8jx0gAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel, in base64."""
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
"""A WAV file without a sample, in base64."""

_EMBEDDED = types.TextResourceContents(
    uri="test://embedded-resource",
    mime_type="text/plain",
    text="This is an embedded resource content.",
)
_MIXED = types.TextResourceContents(
    uri="test://mixed-content-resource",
    mime_type="application/json",
    text=json.dumps({"test": "data", "value": 123}),
)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def image() -> types.ImageContent:
    """Return an image of one pixel."""
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def _embedded(contents: types.TextResourceContents) -> types.EmbeddedResource:
    return types.EmbeddedResource(type="resource", resource=contents)


async def _fail(call: Call, params: types.CallToolRequestParams, caller: Caller) -> NoReturn:
    del call, params, caller
    raise ToolError("This tool intentionally returns an error for testing")


async def _repeat(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del call, caller
    return says(json.dumps(params.arguments or {}))


def _all_of_json_schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    }


def _from_header() -> dict[str, Any]:
    return arguments(value={"type": "string", "x-mcp-header": "Fixture-Value"})


CONTENT = (
    shows(
        "test_simple_text",
        "Return one text.",
        _text("This is a simple text response for testing."),
    ),
    shows("test_image_content", "Return an image.", image()),
    shows(
        "test_audio_content",
        "Return a sound.",
        types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav"),
    ),
    shows("test_embedded_resource", "Return a resource's contents.", _embedded(_EMBEDDED)),
    shows(
        "test_multiple_content_types",
        "Return a text, an image and a resource's contents.",
        _text("Multiple content types test:"),
        image(),
        _embedded(_MIXED),
    ),
    Fixture("test_error_handling", "Fail.", _fail),
    Fixture(
        "json_schema_2020_12_tool",
        "Repeat arguments that a schema of many keywords describes.",
        _repeat,
        _all_of_json_schema(),
    ),
    Fixture(
        "test_header_parameter",
        "Repeat an argument that a header repeats.",
        _repeat,
        _from_header(),
    ),
)
