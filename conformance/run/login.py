"""``python -m conformance login``: gets a tenant's refresh token by its user's consent.

The authorization code grant with PKCE, its answer sent to loopback (OAuth 2.1 section 4.1, RFC 8252
section 7.3). Issuer and state of the answer are compared before anything of it is used (RFC 9207
section 2.4), and the token is asked for the target alone (RFC 8707).
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from conformance.channels.http.oauth import s256
from conformance.channels.oauth.callback import PATH, callback
from conformance.channels.oauth.kept import Client, Kept, TokenError
from conformance.channels.oauth.places import is_loopback, is_named_by
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.credentials import OAuthGrant
from conformance.profile.target import supplied
from conformance.run.credentials import client_of, desk_of
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.channels.oauth.callback import Callback
    from conformance.channels.oauth.metadata import Server
    from conformance.channels.oauth.tokens import Got, TokenDesk
    from conformance.profile.target import Target

_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
_ENTRIES = ("session", "key")


@dataclass(frozen=True)
class Asked:
    """Whose token is to be got, and how: the entry of the profile that names its file."""

    target: Target
    entry: str
    grant: OAuthGrant

    @property
    def scope(self) -> str | None:
        """The scopes to ask for, as the profile has them."""
        return " ".join(self.grant.scope or self.target.authorization.scopes) or None


def asked_of(target: Target, tenant: str) -> Asked:
    """Return what a profile says of a tenant's refresh token. TokenError where it says nothing."""
    entries = [f"tenants.{tenant}.{name}" for name in _ENTRIES]
    for entry in entries:
        recipe = target.recipes.get(entry)
        if isinstance(recipe, OAuthGrant) and recipe.refresh_token is not None:
            return Asked(target, entry, recipe)
    raise TokenError(
        f"tenants.{tenant}: names no refresh token to get; write {entries[1]} = "
        '{ oauth = { grant = "refresh_token", refresh_token = { file = "PATH" } } }'
    )


def login(asked: Asked, show: Callable[[str], None], seconds: float) -> str:
    """Have a user consent, and keep the refresh token; return a sentence that says so.

    ``show`` is given the URL that the user's browser is to open, ``seconds`` how long he has.
    Raises TokenError.
    """
    path = asked.grant.refresh_token.file if asked.grant.refresh_token else None
    if path is None:
        raise TokenError(f"{asked.entry} names no file for a refresh token")
    with _desk(asked.target) as desk:
        server = _checked(desk, desk.server())
        port, place = _door(asked.target)
        try:
            with callback(port, place) as door, _client(desk, server, asked, door) as kept:
                client = supplied(kept.client)
                got = _granted(desk, server, asked, client, Visit(door, show, seconds))
                if got.refresh_token is None:
                    raise TokenError(
                        f"{server.issuer} gave no refresh token; ask for one by the scope "
                        "offline_access if it has that, or let its client refresh"
                    )
                replace(kept, refresh_token=got.refresh_token).write(path)
        except OSError as error:
            raise TokenError(f"127.0.0.1:{port} cannot be listened on: {error.strerror}") from None
    return f"{path}: holds the refresh token of {asked.entry} now (client {kept.client_id})"


def forget(asked: Asked) -> str:
    """Delete the client that a login registered, and its file; return a sentence that says so.

    Raises TokenError where the server does not let go of it: the message names the client.
    """
    path = asked.grant.refresh_token.file if asked.grant.refresh_token else None
    if path is None:
        raise TokenError(f"{asked.entry} names no file for a refresh token")
    kept = Kept.read(path)
    with _desk(asked.target) as desk:
        desk.server(kept.issuer)
        told = _deleted(desk, kept)
    path.unlink()
    return f"{path}: removed; {told}"


@contextmanager
def _desk(target: Target) -> Generator[TokenDesk]:
    budget = Budget(AddressPool(target, lane=15), target.limits)
    with desk_of(target, budget, Redactor(target.secrets())) as desk:
        yield desk


def _checked(desk: TokenDesk, server: Server) -> Server:
    """Return the server if a client may go on with it. Raises TokenError."""
    if "S256" not in server.require().texts("code_challenge_methods_supported"):
        raise TokenError(f"{server.issuer} does not say that it takes S256; no code is asked for")
    resource = desk.resource()
    if not any(is_named_by(resource, name) for name in desk.metadata.names):
        raise TokenError(
            f"the metadata are of {resource}, not of {desk.metadata.names[0]}; if clients come "
            "there, write it in [authorization] resource"
        )
    return server


def _door(target: Target) -> tuple[int, str]:
    """Return the port and path to listen on: those registered for a client, or any port."""
    known = target.authorization.client
    uri = known.redirect_uri if known else None
    if uri is None:
        return 0, PATH
    if not is_loopback(uri):
        raise TokenError(
            f"[authorization.client] redirect_uri is {uri}, where nobody of this machine hears the "
            f"answer; register http://127.0.0.1{PATH} for it"
        )
    parts = urlsplit(uri)
    return parts.port or 0, parts.path or "/"


@contextmanager
def _client(desk: TokenDesk, server: Server, asked: Asked, door: Callback) -> Generator[Kept]:
    """Yield who asks: a client that is named, or one registered now, which a failure deletes."""
    named = client_of(asked.grant, asked.target)
    if named is not None:
        yield Kept(None, named, server.issuer)
        return
    kept = _registered(desk, server, asked, door)
    try:
        yield kept
    except BaseException as error:
        told = _deleted(desk, kept)
        if isinstance(error, TokenError):
            raise TokenError(f"{error} ({told})") from None
        raise


def _registered(desk: TokenDesk, server: Server, asked: Asked, door: Callback) -> Kept:
    """Register a public client of this machine (RFC 7591). Raises TokenError."""
    if "registration_endpoint" not in server.require().entries:
        raise TokenError(
            f"{server.issuer} registers nobody; write [authorization.client] with the id of a "
            f"client that may redirect to http://127.0.0.1{PATH}"
        )
    url = desk.endpoint(server, "registration_endpoint")
    told = {
        "client_name": "Hallmark, a conformance suite",
        "redirect_uris": [door.url],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    } | ({"scope": asked.scope} if asked.scope else {})
    answer = desk.metadata.line.send("POST", url, _JSON, json.dumps(told).encode())
    entries = answer.entries
    name = entries.get("client_id")
    if answer.status != HTTPStatus.CREATED or not isinstance(name, str):
        raise TokenError(f"{url} registers no client: {answer}")
    texts = {key: value for key, value in entries.items() if isinstance(value, str)}
    place = texts.get("registration_client_uri")
    token = texts.get("registration_access_token")
    client = Client(name, texts.get("client_secret"))
    return Kept(None, client, server.issuer, (place, token) if place and token else None)


def _deleted(desk: TokenDesk, kept: Kept) -> str:
    """Delete a client that was registered (RFC 7592 section 2.3); return what became of it."""
    named = f"the client {kept.client_id}"
    if kept.registration is None:
        return f"{named} stays registered: nothing tells how it is deleted"
    url, token = kept.registration
    headers = (("Authorization", f"Bearer {token}"), ("Accept", "application/json"))
    answer = desk.metadata.line.send("DELETE", url, headers)
    if answer.status != HTTPStatus.NO_CONTENT:
        return f"{named} stays registered: {url} was answered {answer.status or answer}"
    return f"{named} was deleted"


@dataclass(frozen=True)
class Visit:
    """A user's way to the authorization server and back: how he learns of it, and his time."""

    door: Callback
    show: Callable[[str], None]
    seconds: float


def _granted(desk: TokenDesk, server: Server, asked: Asked, client: Client, visit: Visit) -> Got:
    """Ask for a code, and exchange it. Raises TokenError."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(32)
    door = visit.door.url
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": door,
        "state": state,
        "code_challenge": s256(verifier),
        "code_challenge_method": "S256",
        "resource": desk.resource(),
    } | ({"scope": asked.scope} if asked.scope else {})
    url = desk.endpoint(server, "authorization_endpoint")
    visit.show(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}")
    answer = visit.door.answer(visit.seconds)
    if answer is None:
        raise TokenError(f"nobody came back from {server.issuer} in {visit.seconds:.0f} s")
    code = code_in(answer, state, server)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": door}
    return desk.ask(server, client, {**form, "code_verifier": verifier})


def code_in(answer: dict[str, str], state: str, server: Server) -> str:
    """Return the code of an authorization response. TokenError for one that is not to be used.

    Nothing that it says is told before it is known to be of this server, and of this request.
    """
    if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise TokenError("the answer is of another request: its state is not the one that was sent")
    is_told = bool(server.require().entries.get("authorization_response_iss_parameter_supported"))
    issuer = answer.get("iss")
    if issuer != server.issuer and (issuer is not None or is_told):
        raise TokenError(f"the answer is not of {server.issuer}: its iss is another, or missing")
    if "error" in answer:
        why = answer.get("error_description", "")
        raise TokenError(
            f"{server.issuer} gives no code: {answer['error'][:80]} {why[:200]}".strip()
        )
    if not answer.get("code"):
        raise TokenError(f"{server.issuer} answered without a code")
    return answer["code"]
