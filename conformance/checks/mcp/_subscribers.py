"""Callers who are told of changes: in a session on its GET stream, or by `subscriptions/listen`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.lists import listed, uris_of
from conformance.channels.http.own import last_part
from conformance.channels.http.streams import BEGIN_SECONDS, following, listening
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.forge.requests import STATELESS, Request, rpc
from conformance.text.disguised import shows
from conformance.text.found import is_telling
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.streams import Stream
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.sections import ChangingTool

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
LIST_CHANGES = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")
MOST_SUBJECTS = 5
"""Resources that are subscribed to where a tool does not say which it changes."""


@dataclass(frozen=True)
class Subscriber:
    """Who listens, in which revision, to what, and what has come; ``answers`` to subscriptions."""

    revision: str
    session: str | None
    uris: tuple[str, ...]
    stream: Stream
    answers: tuple[Answer, ...] = ()

    def told_of(self, uris: Iterable[str]) -> int:
        """Return how many updates of some resources have come."""
        known = set(uris)
        return sum(_updated(message) in known for message in self.stream.told)

    def shown(self, words: Iterable[str]) -> str:
        """Return the first message that shows a word; that of what was asked for repeats it."""
        messages = [one for one in self.stream.told if one.get("method") != ACKNOWLEDGED]
        texts = [str(one) for one in messages]
        return next((text for text in texts for word in words if shows(word, text)), "")

    def __str__(self) -> str:
        """Tell which stream it is."""
        return f"{self.revision}, subscribed to {', '.join(self.uris) or 'nothing'}"


def _updated(message: dict[str, Any]) -> str | None:
    params: Any = message.get("params")
    if message.get("method") != "notifications/resources/updated" or not isinstance(params, dict):
        return None
    return str(cast("dict[str, Any]", params).get("uri"))


def subscribing(line: Wire, session: str | None, uri: str, number: int = 2) -> Request:
    """Return the request that subscribes a session to a resource."""
    return rpc(
        "resources/subscribe",
        {"uri": uri},
        revision=line.revision,
        session=session,
        message_id=number,
    )


def asking(line: Wire, uris: Sequence[str]) -> Request:
    """Return the request for a stream of all changes of lists, and those of some resources."""
    wanted: dict[str, Any] = dict.fromkeys(LIST_CHANGES, True)
    if uris:
        wanted["resourceSubscriptions"] = list(uris)
    return rpc("subscriptions/listen", {"notifications": wanted}, revision=line.revision)


@contextmanager
def subscribed(line: Wire, key: str, uris: Sequence[str]) -> Generator[Subscriber]:
    """Listen as a caller while the block lasts, subscribed to what the target lets it."""
    if line.revision == STATELESS:
        with listening(line, asking(line, uris), key) as stream:
            stream.comes_to(lambda one: one.has_ended or bool(one.told), BEGIN_SECONDS)
            yield Subscriber(line.revision, None, tuple(uris), stream)
        return
    answer, session = line.open_session(key)
    establish(answer.succeeded, f"a session can be opened (got {answer})")
    with listening(line, following(line, session), key) as stream:
        answers = [
            line.send(subscribing(line, session, uri, number), key=key)
            for number, uri in enumerate(uris, 2)
        ]
        yield Subscriber(line.revision, session, tuple(uris), stream, tuple(answers))


def uris_listed(line: Wire, key: str) -> list[str]:
    """Return the URIs of the resources that a caller lists; none where it cannot."""
    return uris_of(listed(line, "resources/list", key))


def own_of_each(wire: Wire, keys: Keys) -> tuple[list[str], list[str]]:
    """Return what only A lists, and what only B does. Raises NotAssessedError for none of A's."""
    ours, theirs = uris_listed(wire, keys.a.active), uris_listed(wire, keys.b.active)
    own = [uri for uri in ours if uri not in theirs]
    if not own:
        raise NotAssessedError("tenant A lists no resource that is its own")
    return own, [uri for uri in theirs if uri not in ours]


@dataclass(frozen=True)
class Changes:
    """Changes a tenant's own resource by the tool of the profile."""

    wire: Wire
    tool: ChangingTool
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    keys: Keys

    def arguments(self, tenant: TenantKeys) -> dict[str, Any]:
        """Return arguments of the tool by which a tenant changes what it owns."""
        own = self.ours if tenant is self.keys.a else self.theirs
        uri = own[0] if own else ""
        word = own_word()
        filled = {"uri": uri, "id": last_part(uri), "unique": word}
        return with_filled_in(self.tool.arguments, filled)

    def make(self, tenant: TenantKeys) -> Answer:
        """Have a tenant change what it owns."""
        return self.wire.call_tool(self.tool.name, self.arguments(tenant), key=tenant.active)

    def heard(self, tenant: TenantKeys, listeners: Iterable[Subscriber]) -> list[Subscriber]:
        """Change what a tenant owns, and return those of its listeners that are told of it."""
        own = self.ours if tenant is self.keys.a else self.theirs
        before = {id(one): one.told_of(own) for one in listeners}
        answer = self.make(tenant)
        establish(answer.succeeded, f"the tool of [tools.change] works (got {answer})")
        return [
            one
            for one in listeners
            if one.stream.comes_to(lambda _, one=one: one.told_of(own) > before[id(one)])
        ]

    @property
    def marks(self) -> list[str]:
        """What shows that something is tenant A's."""
        own = [word for uri in self.ours for word in (uri, last_part(uri)) if is_telling(word)]
        canary = self.keys.a.tenant.canary
        return [*own, canary] if canary and is_telling(canary) else own


def changes(wire: Wire, tool: ChangingTool, keys: Keys) -> Changes:
    """Return what changes resources of each tenant. Raises NotAssessedError where A has none."""
    if tool.uri is not None:
        ours, theirs = (
            [str(with_filled_in(tool.uri, {"tenant": one.tenant_id}))] for one in (keys.a, keys.b)
        )
        if ours == theirs:
            raise NotAssessedError(
                "the resource of [tools.change] uri is the same for both tenants"
            )
    else:
        ours, theirs = own_of_each(wire, keys)
    named = str(tool.arguments)
    most = 1 if tool.uri or "{id}" in named or "{uri}" in named else MOST_SUBJECTS
    return Changes(wire, tool, tuple(ours[:most]), tuple(theirs[:most]), keys)
