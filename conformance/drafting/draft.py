"""Writes a commented profile from what a survey found.

What the target told stands; all else is a comment that says what it would unlock. Prose has a space
after its ``#``, an entry to be filled in has none: taking away that one character makes it count.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from conformance import __version__
from conformance.catalogue import requirements
from conformance.drafting.entries import EXCUSES, HOW_TO_LOG_IN, NAMES, NOTES, SECTIONS, shown_in
from conformance.drafting.guesses import examples
from conformance.model import Channel
from conformance.run.judgeable import checks
from conformance.text.toml_text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.drafting.survey import Survey

_WIDTH = 98
_MOST_TOOLS = 60
_MOST_ITEMS = 8
_DOCUMENT_FIELDS = (
    "resource",
    "authorization_servers",
    "scopes_supported",
    "bearer_methods_supported",
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "client_id_metadata_document_supported",
    "code_challenge_methods_supported",
)


class Draft:
    """One profile to be. ``redact`` is applied to all words of the target before they are cut."""

    def __init__(
        self, found: Survey, redact: Callable[[str], str], schema: str | None, key_env: str | None
    ) -> None:
        self._found, self._redact = found, redact
        self._schema, self._key_env = schema, key_env
        self._guessed = examples(found.tools or (), lambda name: redact(name) == name)

    def text(self) -> str:
        """Return the profile: valid as it is, and with any of its comments made entries."""
        parts = [self._head(), self._target(), *map(self._section, SECTIONS), _excuses()]
        return "\n".join("\n".join(lines) + "\n" for lines in map(list, parts))

    def _say(self, value: Any) -> str:
        if isinstance(value, list):
            items = cast("list[Any]", value)
            shown = [self._say(item) for item in items[:_MOST_ITEMS]]
            return ", ".join(shown) + (", …" if len(items) > _MOST_ITEMS else "")
        if isinstance(value, dict):
            return "an object"
        return quoted(self._redact(str(value)))

    # -- what was found ------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        found = self._found
        if self._schema is not None:
            yield f"#:schema {self._schema}"
        yield from _prose(
            f"Drafted by Hallmark {__version__} from what the target told in {found.requests} "
            "requests. What stands, it told. What is commented is yours to know, and would unlock "
            "requirements, together with what else they need; the numbers say how many. An entry "
            'has no space after its "#": fill it in, and take that away. Then see what can be '
            "judged: pytest conformance --profile=FILE --check-profile"
        )
        yield "#"
        yield from _prose(f"Protocol revisions: {', '.join(found.revisions) or 'none told'}.")
        yield from self._challenge()
        for path, document in found.documents.items():
            yield from _prose(f"{self._say(path)}:")
            for name in _DOCUMENT_FIELDS:
                if name in document:
                    yield f"#   {name}: {self._say(document[name])}"
        for note in found.notes:
            yield from _prose(note)

    def _challenge(self) -> Iterator[str]:
        challenge = self._found.challenge
        if challenge is None:
            yield from _prose("No request was refused for want of a key.")
            return
        field = "none" if challenge.field is None else self._say(challenge.field)
        yield f"# Refused without a key: {challenge.status}, WWW-Authenticate: {field}"
        told = (
            ("scheme", challenge.scheme),
            ("realm", challenge.realm),
            ("resource_metadata", challenge.resource_metadata),
        )
        for name, value in told:
            if value is not None:
                yield f"#   {name}: {self._say(value)}"

    def _target(self) -> Iterator[str]:
        url = self._found.url
        yield "[target]"
        yield f"name = {quoted(urlsplit(url).hostname or 'target')}"
        yield f"url = {quoted(url, len(url))}"

    # -- sections ------------------------------------------------------------------------------

    def _section(self, section: str) -> Iterator[str]:
        facts = list(self._facts(section))
        if section in {"routes", "headers", "answers", "limits", "tools"}:
            yield f"[{section}]"
        yield from facts
        if section == "tenants":
            yield from self._grants()
        for channel in shown_in(section):
            if channel is Channel.HEALTH_ROUTE and self._found.health is not None:
                continue
            yield from _worth(channel)
            if channel in NOTES:
                yield from _prose(NOTES[channel])
            lines = self._guessed.get(channel, channel.row.example)
            yield from (f"#{self._with_own_key(line)}" for line in lines)
        yield from (f"#{line}" for line in NAMES.get(section, "").splitlines())
        if self._key_env is not None and section == "tenants":
            yield from _prose(
                f"The key of {quoted(self._key_env)} was not asked whose it is: tenant A's, if you "
                "leave it so."
            )

    def _grants(self) -> Iterator[str]:
        """Tell how tokens of two tenants are got where the target offers OAuth."""
        named = [one.get("authorization_servers") for one in self._found.documents.values()]
        servers: Any = next(filter(None, named), None)
        if not isinstance(servers, list):
            return
        yield f"# Tokens come from {self._say(servers)}. Name for each tenant a file of its own, as"
        yield from HOW_TO_LOG_IN

    def _with_own_key(self, line: str) -> str:
        """Return a line of an example with the key that the survey was given."""
        if self._key_env is None:
            return line
        return line.replace(quoted("TENANT_A_KEY"), quoted(self._key_env))

    def _facts(self, section: str) -> Iterable[str]:
        facts: dict[str, Callable[[], Iterator[str]]] = {
            "routes": self._routes,
            "headers": self._headers,
            "answers": self._answers,
            "limits": self._limits,
            "tools": self._tools,
            "events": self._events,
            "fields": self._fields,
            "policy": self._policy,
        }
        return facts[section]() if section in facts else ()

    def _routes(self) -> Iterator[str]:
        if self._found.health is not None:
            yield f"health = {quoted(self._found.health)}"

    def _headers(self) -> Iterator[str]:
        place, request_id = self._found.place, self._found.request_id
        if place is None:
            yield from _prose("Where the key goes could not be told; these are the defaults.")
            yield '#api_key = "X-Api-Key"'
            yield '#api_key_scheme = ""'
        else:
            how = "A key was taken here." if place.is_proven else "The challenge says so."
            yield from _prose(how)
            yield f"api_key = {quoted(place.header)}"
            yield f"api_key_scheme = {quoted(place.scheme)}"
        if request_id is not None:
            yield f"request_id = {quoted(request_id)}"
        else:
            yield from _worth(Channel.REQUEST_ID)
            yield '#request_id = "X-Request-Id"'

    def _answers(self) -> Iterator[str]:
        word = self._found.refusal
        yield from _worth(Channel.REFUSAL_BODY)
        said = '"unauthorized"' if word is None else self._say(word)
        yield f"#unauthorized = {{ error = {said} }}"
        yield from _worth(Channel.LIMIT_BODY)
        yield '#rate_limited = { error = "rate_limit_exceeded" }'

    def _limits(self) -> Iterator[str]:
        yield from _prose(
            "The run stays below these; where yours are lower than the defaults, say so. 0 says "
            "that there is no such limit; one that is not named is not judged."
        )
        for limit in self._found.limits[:_MOST_ITEMS]:
            whose = "with a key" if limit.is_of_key else "without a key"
            yield f"# Announced {whose}: {limit.field}: {self._say(limit.text)}"
        # With a key, the limit may be the tenant's or the address's; without one there is no doubt.
        address, either = self._announced(is_of_key=False), self._announced(is_of_key=True)
        yield from _worth(Channel.ADDRESS_LIMIT)
        yield from _limit("address", address, is_sure=True)
        yield from _worth(Channel.TENANT_LIMIT)
        of_key = [limit for limit in either if limit not in address]
        yield from _limit("tenant", of_key or either, is_sure=False)
        yield from _worth(Channel.FAILURE_LIMIT)
        yield "#auth_failures = 10"
        yield from _worth(Channel.REFUSAL_ROWS)
        yield "#audited_refusals = 100"
        yield "#refusals_told_seconds = 60"
        yield from _worth(Channel.SESSION_LIMIT)
        yield "#sessions = 256"
        yield from _worth(Channel.CONNECTION_LIMIT)
        yield "#connections = 256"

    @staticmethod
    def _events() -> Iterator[str]:
        yield from _prose(
            "What your trail calls what happened: a name, several, a table that rows match, "
            "or false where there is no such event. Left out, these names are taken."
        )

    @staticmethod
    def _fields() -> Iterator[str]:
        yield from _prose(
            "What your answers, your log and your trail call their fields. Left out, these names "
            'are taken; "a.b" is what the JSON in a has under b; false where there is none.'
        )

    def _announced(self, *, is_of_key: bool) -> list[tuple[int, int]]:
        """Return the requests and seconds of limits with a window, the tightest first."""
        told = {
            (limit.requests, limit.seconds)
            for limit in self._found.limits
            if limit.is_of_key is is_of_key and limit.seconds is not None
        }
        return sorted(told, key=lambda pair: pair[0] / pair[1])

    def _policy(self) -> Iterator[str]:
        yield from _prose(
            "Who may call which tool: an identity for each kind of caller, and rules of the tools "
            "that it may call, in which * stands for anything. What no rule allows is denied."
        )
        names = [one.name for one in self._found.tools or () if self._redact(one.name) == one.name]
        if names and self._found.tools_with_key:
            yield from _prose("What the key was listed, of those that are not secret:")
            yield "#[policy.identities.key]"
            yield "#[[policy.rules]]"
            yield '#identity = "key"'
            yield f"#allow = [{', '.join(map(quoted, names[:_MOST_TOOLS]))}]"

    def _tools(self) -> Iterator[str]:
        tools = self._found.tools
        if tools is None:
            yield from _prose("The tools could not be listed; --key-env=NAME may help.")
            return
        how = "with the key" if self._found.tools_with_key else "without a key"
        yield from _prose(f"Listed {how}; none was called, and none is that is not named here:")
        for tool in tools[:_MOST_TOOLS]:
            what = "read-only, it says" if tool.says_read_only else "not said to be read-only"
            holds = f"; its result has {self._say(list(tool.results))}" if tool.results else ""
            yield f"#   {self._say(tool.name)}: {what}{holds}"
        if len(tools) > _MOST_TOOLS:
            yield f"#   and {len(tools) - _MOST_TOOLS} more"


def _worth(channel: Channel) -> Iterator[str]:
    """Yield what would supply a channel, and what that would let be judged."""
    yield from _prose(f"{channel.supplied_by}. {_unlocked_by(channel)}")


def _limit(name: str, told: list[tuple[int, int]], *, is_sure: bool) -> Iterator[str]:
    """Yield a limit as entries where just one was announced, as an example otherwise."""
    default = {"address": (100, 60), "tenant": (300, 60)}[name]
    requests, seconds = told[0] if told else default
    sign = "" if is_sure and len(told) == 1 else "#"
    yield f"{sign}{name}_requests = {requests}"
    yield f"{sign}{name}_window_seconds = {seconds}"


def _excuses() -> Iterator[str]:
    yield from _prose("What does not apply, and which failures you know of, each with a reason.")
    yield from (f"#{line}" if line else line for line in EXCUSES.splitlines())


def _unlocked_by(channel: Channel) -> str:
    areas: defaultdict[str, set[str]] = defaultdict(set)
    for check in checks():
        if channel in check.needs:
            areas[requirements()[check.requirement].area].add(check.requirement)
    counts = ", ".join(f"{area} ({len(ids)})" for area, ids in areas.items())
    return f"Unlocks requirements of {counts}." if counts else "Adds to the evidence."


def _prose(text: str) -> list[str]:
    return textwrap.wrap(
        text[:1].upper() + text[1:],
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
