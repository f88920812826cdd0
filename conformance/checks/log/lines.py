"""LOG, continued: the form of the lines, and the cost of cleaning them."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.channels.log import as_object, require_names
from conformance.channels.sql.trail import request_id
from conformance.forge.requests import Request, opening
from conformance.profile.fields import found_at
from conformance.profile.tools import failing
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

LARGE = 60_000
"""Characters: enough for quadratic work to take seconds, and small enough for every body limit."""
SLOWEST = 8.0
"""Seconds: linear work takes a few milliseconds, a blow-up hours."""


@requirement("LOG-05")
def test_each_line_is_one_json_object_and_cannot_be_forged(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """Line ends and whole lines are sent wherever text may get into the log."""
    tool = failing(target)
    mark = log.mark()
    sign = secrets.token_hex(8)
    names = target.fields.log
    wanted = {field: place for field in type(names).model_fields if (place := names.place(field))}
    values = {"time": "2000-01-01T00:00:00Z", "level": "info"}
    forged = json.dumps(
        {name: values.get(field) for field, name in wanted.items()} | {"sign": sign}
    )
    wire.send(Request("GET", f"/%0a{forged.replace(' ', '%20')}%0d%0a"), key=keys.active)
    agent = opening(wire.revision).with_header("User-Agent", f"{sign} \x85 {forged}")
    wire.send(agent, key=keys.active)
    for end in ("\n", "\r\n", "\r", "\u2028", "\x85", "\x00"):
        message = {tool.message_argument: f"{end}{forged}{end}"}
        wire.call_tool(tool.name, message, key=keys.active)
    identity = request_id(wire.knock(keys.active), target)
    text = log.until(mark, identity)
    establish(identity in text, "the log tells of the request")
    told = [entry for line in text.split("\n") if (entry := as_object(line)) is not None]
    for field in wanted:
        require_names(told, names, field)
    for line in text.split("\n")[:-1]:
        entry = as_object(line)
        assert entry is not None, f"not one JSON object: {line[:200]}"
        lacking = [name for name in wanted.values() if not stands_in(entry, name)]
        assert not lacking, f"a line without {', '.join(lacking)}: {line[:200]}"
        assert "sign" not in entry, f"a forged line: {line[:200]}"


def stands_in(entry: Any, place: str) -> bool:
    """Tell whether a line has an entry at a place, be it without a value."""
    above, _, name = place.rpartition(".")
    return name in (found_at(entry, above) if above else entry)


@requirement("LOG-06")
def test_hostile_messages_cost_no_more_than_long_ones(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """Each message is built to make a careless pattern try every split of it."""
    tool = failing(target)
    line = wire.derived(seconds=SLOWEST)
    harmless = line.call_tool(tool.name, {tool.message_argument: "x" * LARGE}, key=keys.active)
    establish(harmless.status == HTTPStatus.OK, "a long harmless message is answered")
    hostile = {
        "Bearer without end": "Bearer " * (LARGE // 7),
        "spaces after Bearer": "Bearer" + " " * LARGE,
        "ya29 again and again": "ya29." * (LARGE // 5),
        "EAA again and again": "EAA" * (LARGE // 3),
        "nested quotes": 'access_token="' * (LARGE // 14),
        "separators": "api_key" + "=: " * (LARGE // 3),
        "almost a token": "a" * LARGE + "!",
    }
    for what, text in hostile.items():
        answer = line.call_tool(tool.name, {tool.message_argument: text}, key=keys.active)
        assert answer.status == HTTPStatus.OK, f"{what}: {answer} after {answer.seconds:.1f} s"
