"""LOG, continued: the form of the lines, and the cost of cleaning them."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.channels.log import PATTERN, as_object, require_names
from conformance.checks.log._common import require_told, told_since
from conformance.forge.requests import Request, opening
from conformance.profile.fields import found_at
from conformance.profile.tools import failing
from conformance.requirement import requirement
from conformance.text.redaction import spellings
from conformance.verdicts import NotAssessedError, NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.source import Mark
    from conformance.forge.keys import Keys
    from conformance.profile.fields import LogFields
    from conformance.profile.target import Target

LARGE = 60_000
"""Characters: enough for quadratic work to take seconds, and small enough for every body limit."""
SLOWEST = 8.0
"""Seconds: linear work takes a few milliseconds, a blow-up hours."""
HOSTILE: dict[str, Callable[[int], str]] = {
    "Bearer without end": lambda length: "Bearer " * (length // 7),
    "spaces after Bearer": lambda length: "Bearer" + " " * length,
    "ya29 again and again": lambda length: "ya29." * (length // 5),
    "EAA again and again": lambda length: "EAA" * (length // 3),
    "nested quotes": lambda length: 'access_token="' * (length // 14),
    "separators": lambda length: "api_key" + "=: " * (length // 3),
    "almost a token": lambda length: "a" * length + "!",
}
SUSPECT = 0.5
"""Seconds more than a harmless message takes: below it no work of a message matters."""
STEEPEST = 3.0
"""Twice the length takes linear work twice the time, and quadratic work four times."""
TIMES = 3
"""Measurements of either length: the quickest is the one that the machine disturbed least."""


@requirement("LOG-05")
def test_each_line_is_one_json_object_and_cannot_be_forged(
    wire: Wire, keys: Keys, log: LogStream, target: Target
) -> None:
    """Line ends and whole lines are sent wherever text may get into the log.

    Where lines are not JSON, what is sent is a line of the log's own with one word more: whatever
    the form is, a line that begins so is a forged one.
    """
    tool = failing(target)
    sign = secrets.token_hex(8)
    genuine = [] if log.names.is_json else lines_of_a_request(wire, keys, log)
    is_json = log.names.is_json or has_objects(genuine, log.names)
    forged = object_with(sign, log.names) if is_json else one_of(genuine, keys) + f" {sign}"
    mark = log.mark()
    path = f"/%0a{forged.replace(' ', '%20')}%0d%0a" if is_json else f"/%0a{quote(forged)}%0d%0a"
    wire.send(Request("GET", path), key=keys.active)
    agent = opening(wire.revision).with_header("User-Agent", f"{sign} \x85 {forged}")
    wire.send(agent, key=keys.active)
    for end in ("\n", "\r\n", "\r", "\u2028", "\x85", "\x00"):
        message = {tool.message_argument: f"{end}{forged}{end}"}
        wire.call_tool(tool.name, message, key=keys.active)
    lines = lines_of_a_request(wire, keys, log, mark)
    entries = log.entries(lines)
    wanted = log.names.places()
    for field in wanted:
        require_names([entry for entry in entries if entry is not None], log.names, field)
    for line, entry in zip(lines, entries, strict=True):
        assert not line.startswith(forged), f"a forged line: {line[:200]}"
        assert entry is not None or not is_json, f"not one JSON object: {line[:200]}"
        lacking = [name for name in wanted.values() if entry and not stands_in(entry, name)]
        assert not lacking, f"a line without {', '.join(lacking)}: {line[:200]}"
        assert not is_json or "sign" not in (entry or {}), f"a forged line: {line[:200]}"
    require_read(lines, entries, log.names)


def lines_of_a_request(
    wire: Wire, keys: Keys, log: LogStream, mark: Mark | None = None
) -> list[str]:
    """Return the lines since a mark, or now, to those of a request that is made first."""
    mark = mark or log.mark()
    last = wire.knock(keys.active)
    text, sign = told_since(mark, log, wire, last, keys.active)
    require_told(sign, wire)
    return text.split("\n")[:-1]


def has_objects(lines: list[str], names: LogFields) -> bool:
    """Tell whether some lines are JSON, where nothing tells how they are read."""
    return names.pattern is None and any(as_object(line) is not None for line in lines)


def object_with(sign: str, names: LogFields) -> str:
    """Return a line of JSON as the log has them, with a sign that no line of its own has."""
    values = {"time": "2000-01-01T00:00:00Z", "level": "info"}
    entries = {name: values.get(field) for field, name in names.places().items()}
    return json.dumps(entries | {"sign": sign})


def one_of(lines: list[str], keys: Keys) -> str:
    """Return the last of some lines that can be sent as it is: it holds no key."""
    fit = [line for line in lines if line.strip() and line.isascii() and line.isprintable()]
    fit = [line for line in fit if not any(form in line for form in spellings(keys.active))]
    establish(fit, "a line of the log can be sent, to see whether it can be forged")
    return fit[-1].strip()


def require_read(lines: list[str], entries: list[dict[str, Any] | None], names: LogFields) -> None:
    """Raise where no line was forged, but the profile does not tell how all of them are read."""
    unread = [line for line, entry in zip(lines, entries, strict=True) if entry is None and line]
    if unread:
        how = f"{PATTERN} does not read it" if names.pattern else f"no JSON; declare {PATTERN}"
        raise NotEstablishedError(
            f"could not establish what a line of the log says: {how}: {unread[0][:200]!r}"
        )
    if untold := [field for field in names.fields() if names.is_untold(field)]:
        raise NotAssessedError(f"{PATTERN} has no group for {', '.join(untold)}")


def stands_in(entry: Any, place: str) -> bool:
    """Tell whether a line has an entry at a place, be it without a value."""
    above, _, name = place.rpartition(".")
    return name in (found_at(entry, above) if above else entry)


@requirement("LOG-06")
def test_hostile_messages_cost_no_more_than_long_ones(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """Each message is built to make a careless pattern try every split of it.

    Where one takes long, half of it tells whether the time grows faster than the length.
    """
    tool = failing(target)
    line = wire.derived(seconds=SLOWEST)
    harmless = line.call_tool(tool.name, {tool.message_argument: "x" * LARGE}, key=keys.active)
    establish(harmless.status == HTTPStatus.OK, "a long harmless message is answered")

    def asked(text: str) -> Answer:
        return line.call_tool(tool.name, {tool.message_argument: text}, key=keys.active)

    for what, made in HOSTILE.items():
        answer = asked(made(LARGE))
        assert answer.status == HTTPStatus.OK, (
            f"a message of {what} was answered {answer} after {answer.seconds:.1f} s"
        )
        if answer.seconds < harmless.seconds + SUSPECT:
            continue
        halves, wholes = zip(
            *((asked(made(LARGE // 2)).seconds, asked(made(LARGE)).seconds) for _ in range(TIMES)),
            strict=True,
        )
        half, whole = min(halves), min(wholes)
        assert whole < harmless.seconds + SUSPECT or whole < STEEPEST * half, (
            f"{what}: {LARGE // 2} characters took {half:.2f} s, and twice as many {whole:.2f} s"
        )
