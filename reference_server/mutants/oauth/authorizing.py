"""What the defects of the authorization server share: its parts, its SQL, and its door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from reference_server import db
from reference_server.mutants.bending import Beside, of_kind, replaced
from reference_server.mutants.benign.edge import Reply, read_whole
from reference_server.web.oauth_paths import AUTHORIZE, REGISTER, SERVER_METADATA, TOKEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.oauth.clients import Client
    from reference_server.oauth.contracts import AuthorizationParts
    from reference_server.parts import Parts

    Pairs = list[tuple[str, str]]
    Ask = Callable[["Asked"], Awaitable[Reply]]

_FUNCTIONS = Path(db.__file__).parent / "authorization.sql"
_OURS = frozenset({AUTHORIZE, TOKEN, REGISTER, SERVER_METADATA})


def supplied(parts: AuthorizationParts | None) -> AuthorizationParts:
    """Return the authorization server. LookupError where there is none, so nothing to bend."""
    if parts is None:
        raise LookupError("the server has no authorization server")
    return parts


def authorized(**changes: Callable[[AuthorizationParts, Parts], Any]) -> Callable[[Parts], Parts]:
    """Return a change of parts: of the authorization server, each is what its function makes."""

    def make(parts: Parts) -> AuthorizationParts:
        real = supplied(parts.oauth.authorization)
        return replace(real, **{name: made(real, parts) for name, made in changes.items()})

    return replaced({"oauth.authorization": make})


class Any_(str):  # noqa: N801 -- a text that is any text
    """A text that is equal to every other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def granting(kind: type[Beside]) -> Callable[[Parts], Parts]:
    """Return a change of parts in which grants are kept in another way."""
    return authorized(grants=lambda real, _: kind(real.grants))


def clients_as(kind: type[Client]) -> Callable[[Parts], Parts]:
    """Return a change of parts in which clients are of another kind, that matches otherwise."""

    class Known(Beside):
        def find(self, client_id: str) -> Client | None:
            return _of_kind(self.real.find(client_id))

        def find_again(self, client_id: str) -> Client | None:
            return _of_kind(self.real.find_again(client_id))

    def _of_kind(found: Client | None) -> Client | None:
        return None if found is None else of_kind(kind, found)

    return authorized(clients=lambda real, _: Known(real.clients))


def function(name: str, *changes: tuple[str, str]) -> tuple[str, ...]:
    """Return the SQL that makes one of the functions anew, with changes of its text.

    LookupError where it has no such text: a mutant of nothing would prove nothing.
    """
    whole = _FUNCTIONS.read_text("utf-8")
    start = whole.index(f"CREATE OR REPLACE FUNCTION {name}(")
    text = whole[start : whole.index("\n$$;", start) + len("\n$$;")]
    for old, new in changes:
        if old not in text:
            raise LookupError(f"{name} has no {old!r}")
        text = text.replace(old, new)
    return ("SET ROLE mcp_admin", text, "RESET ROLE")


@dataclass
class Asked:
    """A request to the authorization server: its query or its form, in order; or its JSON."""

    scope: Scope
    method: str
    pairs: Pairs
    body: bytes

    @property
    def path(self) -> str:
        """What is asked."""
        return self.scope["path"]

    @property
    def is_form(self) -> bool:
        """Whether the body, and not the query, has the parameters."""
        return self.method == "POST" and self.path != REGISTER

    def get(self, name: str) -> str | None:
        """Return a parameter's first value."""
        return next((value for key, value in self.pairs if key == name), None)

    def put(self, name: str, value: str) -> None:
        """Have a parameter hold something else, or be there."""
        self.pairs = [*(pair for pair in self.pairs if pair[0] != name), (name, value)]


def at_the_door(
    asked: Callable[[Asked], None] = lambda _: None,
    answered: Callable[[Reply, Asked], Reply] = lambda reply, _: reply,
) -> Callable[[Parts], Parts]:
    """Return a change of parts that changes what comes to the server's paths, and what leaves."""

    async def act(request: Asked, ask: Ask) -> Reply:
        asked(request)
        return answered(await ask(request), request)

    return acting(act, _OURS)


def acting(
    act: Callable[[Asked, Ask], Awaitable[Reply]], paths: Collection[str]
) -> Callable[[Parts], Parts]:
    """Return a change of parts that answers at some paths, and may ask the server there itself."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] in paths:
                request = await _asked_of(scope, receive)
                await _send(await act(request, partial(_through, app)), send)
            else:
                await app(scope, receive, send)

        return edge

    return replaced({"web.edge": lambda _: around})


async def _through(app: App, request: Asked) -> Reply:
    """Return what the application answers to a request, as it stands now."""
    scope, is_form = request.scope, request.is_form
    form = urlencode(request.pairs).encode()
    body = form if is_form else request.body
    own = {b"content-length", *((b"content-type",) if is_form else ())}
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in own]
    if is_form:
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    if request.method == "POST":
        headers.append((b"content-length", b"%d" % len(body)))
    query = scope["query_string"] if is_form else form
    asked = {**scope, "headers": headers, "query_string": query, "method": request.method}
    told: list[Message] = []
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    await app(asked, receive, send)
    start = next(one for one in told if one["type"] == "http.response.start")
    whole = b"".join(one.get("body", b"") for one in told if one["type"] == "http.response.body")
    return Reply(scope, start["status"], tuple(start["headers"]), whole)


async def _asked_of(scope: Scope, receive: Receive) -> Asked:
    request = Asked(scope, scope["method"], [], await read_whole(receive))
    text = request.body if request.is_form else scope["query_string"]
    request.pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True)
    return request


async def _send(reply: Reply, send: Send) -> None:
    fields = [pair for pair in reply.fields if pair[0].lower() != b"content-length"]
    fields.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": fields})
    await send({"type": "http.response.body", "body": reply.body})
