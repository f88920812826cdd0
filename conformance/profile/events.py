"""What the target's trail calls that which happened, and the words by which its rows tell more."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from conformance.profile.sections import Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

EVENT_MARK, WORD_MARK = "event", "word"
"""The formats by which a JSON schema tells entries that name events, and words."""
MATCHED = ("event", "outcome", "reason", "scope", "tool")
"""The fields of a row that a table may match."""


class Event(StrEnum):
    """What may happen that a trail tells of; the values are entries of ``[events]``."""

    AUTH_SUCCESS = "auth_success"
    AUTH_FAILURE = "auth_failure"
    TOOL_CALLED = "tool_called"
    TOOL_FAILED = "tool_failed"
    LIMIT_EXCEEDED = "limit_exceeded"
    ADDRESS_BLOCKED = "address_blocked"
    BLOCK_ENGAGED = "block_engaged"
    KEY_ROTATED = "key_rotated"
    SCANNER_DENIED = "scanner_denied"


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"


class Reason(StrEnum):
    """Why a credential was refused."""

    MISSING = "missing"
    INVALID = "invalid"


class Scope(StrEnum):
    """Which limit was exceeded: of an address, of a tenant, or of signing in."""

    ADDRESS = "address"
    TENANT = "tenant"
    AUTH = "auth"


class Pattern(Section):
    """What the fields of a row are, each one of some values; fields left out may be anything."""

    values: dict[str, frozenset[str]]

    def matches(self, row: Mapping[str, str | None]) -> bool:
        """Tell whether a row, by our names for its fields, is one of these."""
        return all(row.get(name) in known for name, known in self.values.items())

    def __str__(self) -> str:
        """Tell it as a profile does; the name alone where there is nothing else."""
        told = {name: " or ".join(sorted(known)) for name, known in self.values.items()}
        if told.keys() == {"event"}:
            return told["event"]
        return f"{{ {', '.join(f'{name} = {words}' for name, words in told.items())} }}"


Patterns = tuple[Pattern, ...]


def _patterns(entry: object) -> Patterns | Literal[False]:
    """Read an entry of ``[events]``: a name, a table, a list of these, or false."""
    if entry is False:
        return False
    several = cast("list[object]", entry) if isinstance(entry, list | tuple) else [entry]
    if not several:
        raise ValueError("is an empty list; write false where there is no such event")
    return tuple(map(_pattern, several))


def _pattern(entry: object) -> Pattern:
    if isinstance(entry, Pattern):
        return entry
    if isinstance(entry, str):
        entry = {"event": entry}
    if not isinstance(entry, dict) or not entry:
        raise ValueError(
            "is no event: write a name, a list of names, a table that rows match such as "
            '{ event = "auth", outcome = "failure" }, or false'
        )
    table = cast("dict[str, object]", entry)
    for name in table:
        if name not in MATCHED:
            raise ValueError(f"unknown key {name!r}; known here: {', '.join(MATCHED)}")
    return Pattern(values={name: frozenset(_words(value)) for name, value in table.items()})


def _words(entry: object) -> tuple[str, ...]:
    """Read a word or a list of words."""
    several = cast("list[object]", entry) if isinstance(entry, list | tuple) else [entry]
    words = tuple(word for word in several if isinstance(word, str) and word)
    if not words or len(words) < len(several):
        raise ValueError("is no word: write a text, or a list of texts, none of them empty")
    return words


Entry = Annotated[
    Any, BeforeValidator(_patterns), WithJsonSchema({"type": "string", "format": EVENT_MARK})
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({"type": "string", "format": WORD_MARK}),
]


class Vocabulary(Section):
    """Words of the target, by ours."""

    def words(self, meant: str) -> tuple[str, ...]:
        """Return the words that mean something."""
        return getattr(self, meant)

    def known(self) -> list[str]:
        """Return every word that means something."""
        return [word for name in type(self).model_fields for word in self.words(name)]


class Distinct(Vocabulary):
    """Words of which none means two things."""

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        known = self.known()
        if twice := next((word for word in known if known.count(word) > 1), None):
            raise ValueError(f"{twice!r} stands for two things")
        return self


class Outcomes(Distinct):
    """The words for how it ended."""

    success: Words = ("success",)
    failure: Words = ("failure",)


class Reasons(Vocabulary):
    """The words for why a credential was refused: there was none, or one that is not right."""

    missing: Words = ("missing",)
    invalid: Words = ("invalid",)


class Scopes(Distinct):
    """The words for which limit was exceeded: an address's, a tenant's, or that of signing in."""

    address: Words = ("global",)
    tenant: Words = ("tenant",)
    auth: Words = ("auth",)


def _default(*entries: object) -> Any:
    """Return a default, which a schema tells as a profile would write it."""
    written = entries[0] if len(entries) == 1 else list(entries)
    return Field(default=_patterns(entries), json_schema_extra={"default": cast("Any", written)})


class Events(Section):
    """What the trail calls what happened.

    An entry is a name, a table that rows match such as { event = "auth", outcome = "failure" }, a
    list of these, or false where the trail has no such event. ``others`` are events that stand for
    none of them: where a row is missing, one of another known name is not taken for it.
    """

    stands_unsaid: ClassVar[bool] = True

    auth_success: Entry = _default("api_key.auth_success")
    auth_failure: Entry = _default("api_key.auth_failure")
    tool_called: Entry = _default("mcp.tool_called")
    tool_failed: Entry = _default("mcp.tool_failed")
    limit_exceeded: Entry = _default("rate_limit.exceeded")
    address_blocked: Entry = _default("auth.blocked_ip")
    block_engaged: Entry = _default({"event": "auth.blocked_ip", "reason": "engaged"})
    key_rotated: Entry = _default("api_key.rotated")
    scanner_denied: Entry = _default("scanner.denied")
    others: Entry = _default(
        *("api_key.created", "api_key.revoked", "tenant.created", "admin.auth_failure"),
        *("request.refused", "oauth.flow_started", "oauth.flow_completed", "oauth.flow_failed"),
    )
    outcomes: Outcomes = Outcomes()
    reasons: Reasons = Reasons()
    scopes: Scopes = Scopes()

    def patterns(self, event: str) -> Patterns:
        """Return what the rows of an event look like; nothing where there is no such event."""
        return getattr(self, event) or ()

    def has(self, event: str) -> bool:
        """Tell whether the trail has such an event."""
        return bool(self.patterns(event))

    def told(self, event: str) -> str:
        """Return what the target calls an event, for a sentence."""
        return " or ".join(map(str, self.patterns(event))) or "(no such event)"

    def is_one(self, row: Mapping[str, str | None], *events: str) -> bool:
        """Tell whether a row is of one of these events."""
        return any(one.matches(row) for event in events for one in self.patterns(event))

    def knows(self, row: Mapping[str, str | None]) -> bool:
        """Tell whether a row is of any event that the profile has a name for."""
        return self.is_one(row, *Event, "others")
