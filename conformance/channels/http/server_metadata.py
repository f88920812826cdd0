"""Finds a target's authorization server by its metadata, as a client does (RFC 9728, RFC 8414)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from conformance.channels.http.browser import Places, origin_of
from conformance.channels.http.challenge import PROTECTED_RESOURCE
from conformance.forge.requests import Request
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.profile.authorization import Authorization

_SERVER = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"
_NONE = (
    "the target's metadata name no authorization server (RFC 9728), and the profile's "
    "[authorization] issuer names none"
)


@dataclass(frozen=True)
class ServerMetadata:
    """What an authorization server tells of itself, and what the target is called there.

    ``resource`` is the target's name as a resource (RFC 8707), ``scopes`` what to ask for.
    """

    issuer: str
    told: dict[str, Any] = field(repr=False)
    resource: str
    scopes: tuple[str, ...] = ()

    def url(self, name: str) -> str:
        """Return the URL of an endpoint. Raises NotAssessedError where there is none."""
        found = self.told.get(name)
        if not isinstance(found, str) or origin_of(found) is None:
            raise NotAssessedError(f"the authorization server's metadata name no {name}")
        return found

    def has(self, name: str) -> bool:
        """Tell whether there is an endpoint, or a feature that is said to be there."""
        return bool(self.told.get(name))

    def values(self, name: str) -> tuple[str, ...]:
        """Return the words of a list; empty where it is absent."""
        return words_of(self.told.get(name))

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of all that it has, its own first."""
        found = (value for name, value in self.told.items() if name.endswith("_endpoint"))
        return (self.issuer, *(value for value in found if isinstance(value, str)))


def server_metadata(wire: Wire, told: Authorization) -> ServerMetadata:
    """Ask for them. Raises NotAssessedError where the target has no authorization server."""
    resource = _resource(wire)
    named = words_of(resource.get("authorization_servers"))
    issuer = told.issuer or next(iter(named), None)
    if issuer is None:
        raise NotAssessedError(_NONE)
    places = Places(wire, [issuer])
    for url in _places_of(issuer):
        found = places.asked(url, Request("GET")).entries
        if found.get("issuer"):
            name = resource.get("resource")
            scopes = told.scopes or words_of(resource.get("scopes_supported"))
            return ServerMetadata(
                str(found["issuer"]),
                found,
                name if isinstance(name, str) else wire.target.url,
                scopes,
            )
    raise NotAssessedError(f"the authorization server {issuer} has no metadata (RFC 8414)")


def _resource(wire: Wire) -> dict[str, Any]:
    """Return the target's own metadata; empty where it has none."""
    path = wire.path.partition("?")[0].rstrip("/")
    for place in dict.fromkeys((PROTECTED_RESOURCE + path, PROTECTED_RESOURCE)):
        found = wire.get(place).entries
        if found.get("authorization_servers"):
            return found
    return {}


def _places_of(issuer: str) -> list[str]:
    """Return where an issuer's metadata may stand (RFC 8414 section 3.1, OIDC Discovery 4.1)."""
    parts = urlsplit(issuer)
    root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    found = [f"{root}{_SERVER}{path}", f"{root}{_OPENID}{path}", f"{root}{path}{_OPENID}"]
    return list(dict.fromkeys(found))


def words_of(value: Any) -> tuple[str, ...]:
    """Return the texts of a JSON array; empty for anything else."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))
