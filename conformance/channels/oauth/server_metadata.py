"""The authorization server at which the judge is a client, as its metadata tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.oauth.places import split
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.channels.oauth.metadata import Metadata
    from conformance.profile.authorization import Authorization


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
        if split(found) is None:
            raise NotAssessedError(f"the authorization server's metadata name no {name}")
        return str(found)

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


def server_metadata(metadata: Metadata, told: Authorization) -> ServerMetadata:
    """Return those of the first authorization server that the target names, or of the profile's.

    Raises NotAssessedError where there is none, NotEstablishedError for one without metadata.
    """
    server = metadata.servers()[0]
    document = server.require()
    resource = metadata.resource
    entries = resource.document.entries if resource is not None else {}
    name = entries.get("resource")
    scopes = told.scopes or words_of(entries.get("scopes_supported"))
    issuer = document.entries.get("issuer")
    return ServerMetadata(
        issuer if isinstance(issuer, str) else server.issuer,
        document.entries,
        name if isinstance(name, str) else metadata.names[0],
        scopes,
    )


def words_of(value: Any) -> tuple[str, ...]:
    """Return the texts of a JSON array; empty for anything else."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))
