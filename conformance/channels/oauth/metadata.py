"""Finds what a target tells of its authorization, as clients of MCP do, from its URL alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.challenge import challenges_of
from conformance.channels.http.missing import is_missing
from conformance.channels.oauth.places import (
    inserted_into,
    is_loopback,
    is_named_by,
    is_same,
    origin,
    resource_places,
    server_places,
    split,
)
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.elsewhere import Elsewhere
    from conformance.profile.target import Target

MOST_SERVERS = 4
"""Authorization servers of one resource that are looked at."""
_ABSENT = "the target tells of no authorization server: there are no metadata at {}"


class Way(StrEnum):
    """How metadata of a resource were found."""

    CHALLENGE = "the challenge of a 401"
    INSERTED = "the well-known path made of its own"
    ROOT = "the well-known path of its origin"


@dataclass(frozen=True)
class Document:
    """Metadata as they were found, or were not: the URL that was asked, and the answer."""

    url: str
    answer: Answer = field(repr=False)

    @property
    def entries(self) -> dict[str, Any]:
        """The JSON object that it is; empty where it is none."""
        return self.answer.entries if self.is_there else {}

    @property
    def is_there(self) -> bool:
        """Whether it was got, and is a JSON object."""
        return self.answer.status == HTTPStatus.OK and bool(self.answer.entries)

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON (RFC 9728 section 3.2, RFC 8414 section 3.2)."""
        kind = (self.answer.header("content-type") or "").partition(";")[0].strip().lower()
        return kind == "application/json"

    def texts(self, name: str) -> list[str]:
        """Return the texts of an entry that is a list; empty where it is none."""
        found = self.entries.get(name)
        items = cast("list[Any]", found) if isinstance(found, list) else []
        return [one for one in items if isinstance(one, str)]


@dataclass(frozen=True)
class Resource:
    """A resource's metadata, and how they were found."""

    way: Way
    document: Document


@dataclass(frozen=True)
class Server:
    """An authorization server that a resource names; ``tried`` are the places that were asked.

    ``document`` is the first of them at which metadata are, None where there are nowhere any.
    """

    issuer: str
    tried: tuple[Document, ...]

    @property
    def document(self) -> Document | None:
        """Its metadata."""
        return next((one for one in self.tried if one.is_there), None)

    def require(self) -> Document:
        """Return its metadata; NotEstablishedError where none were found."""
        if self.document is None:
            raise NotEstablishedError(f"{self.issuer} has no metadata at {self.told()}")
        return self.document

    def told(self) -> str:
        """Return where it was asked, and what came back."""
        return "; ".join(f"{one.url} ({one.answer})" for one in self.tried)

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint. NotEstablishedError where the metadata name none."""
        found = self.require().entries.get(name)
        if split(found) is None:
            raise NotEstablishedError(f"the metadata of {self.issuer} name no {name}")
        return str(found)


class Metadata:
    """What a target tells of its authorization; each document is got once."""

    def __init__(self, wire: Wire, line: Elsewhere) -> None:
        self._wire, self.line = wire, line
        self._documents = dict[str, Document]()
        self._servers = dict[str, Server]()
        self.asked: tuple[str, ...] = ()
        """Where metadata of the resource were looked for."""

    @property
    def target(self) -> Target:
        """What the profile tells of the target."""
        return self._wire.target

    def at(self, url: str) -> Document:
        """Return what is at a URL."""
        if url not in self._documents:
            self._documents[url] = Document(url, self.line.get(url))
        return self._documents[url]

    @cached_property
    def refusal(self) -> Answer:
        """The answer to a request that presents nothing."""
        return self._wire.knock()

    @property
    def pointers(self) -> tuple[str, ...]:
        """What the challenges of the refusal name as the URL of the metadata."""
        return pointers_of(self.refusal)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """The resource's metadata wherever they are found, in the order in which clients look.

        Those of the origin count only where they are of this target: a neighbour may have such.
        """
        places = [(Way.CHALLENGE, one) for one in self.pointers[:1] if split(one) is not None]
        inserted, *root = resource_places(self.target.url)
        places += [(Way.INSERTED, inserted), *((Way.ROOT, one) for one in root)]
        found = dict[str, Resource]()
        self.asked = tuple(dict.fromkeys(place for _, place in places))
        for way, place in places:
            if place not in found:
                document = self.at(place)
                _require_room(document)
                found[place] = Resource(way, document)
        return tuple(one for one in found.values() if self._counts(one))

    def _counts(self, found: Resource) -> bool:
        if not found.document.is_there:
            return False
        told = found.document.entries.get("resource")
        return found.way is not Way.ROOT or (
            isinstance(told, str) and any(is_named_by(told, one) for one in self.names)
        )

    def require_answer(self, document: Document) -> None:
        """Raise NotEstablishedError where another origin gives the judge no answer of its own."""
        answer = document.answer
        if split(document.url) is not None and (not answer.status or answer.header("location")):
            raise NotEstablishedError(f"{document.url} was answered {answer}")

    def is_of_target(self, document: Document) -> bool:
        """Tell whether metadata are of the target itself, and not of all that its origin has."""
        told = str(document.entries.get("resource"))
        return any(is_same(told, one) for one in self.names)

    def keys_of(self, document: Document) -> Document | None:
        """Return the set of keys at a document's own origin; None where it leads to none there."""
        url = document.entries.get("jwks_uri")
        is_own = split(url) is not None and origin(str(url)) == origin(document.url)
        return self.at(str(url)) if is_own else None

    @property
    def names(self) -> tuple[str, ...]:
        """The URLs by which clients may know the target: as the profile says, or as given."""
        declared = self.target.authorization.resource
        return (declared,) if declared else (self.target.url,)

    @property
    def may_be_local(self) -> bool:
        """Whether the target is on loopback, and what it names may be there without TLS."""
        return is_loopback(self.target.url)

    def require_own_door(self, found: Resource) -> None:
        """Raise NotEstablishedError where the judge may have come by another URL than clients do.

        So it is on loopback, behind what publishes the target, if metadata name another host.
        """
        told = found.document.entries.get("resource")
        is_published = split(told) is not None and not is_loopback(str(told))
        if self.may_be_local and is_published and is_loopback(self.names[0]):
            raise NotEstablishedError(
                f"the judge came to {self.names[0]}, and the metadata are of {told}: if that is "
                "where clients come, name it in the profile's [authorization] resource"
            )

    @property
    def is_declared(self) -> bool:
        """Whether the profile says that there is an authorization server."""
        return bool(self.target.authorization.model_fields_set)

    @property
    def resource(self) -> Resource | None:
        """The metadata that clients go by; None where there are none."""
        return next(iter(self.resources), None)

    @property
    def is_offered(self) -> bool:
        """Whether metadata name an authorization server."""
        return any(one.document.texts("authorization_servers") for one in self.resources)

    def require_resource(self) -> Resource:
        """Return the metadata that clients go by. NotAssessedError where OAuth is not offered."""
        if self.resource is None:
            places = ", ".join(resource_places(self.target.url))
            raise NotAssessedError(_ABSENT.format(places))
        return self.resource

    def issuers(self) -> tuple[str, ...]:
        """Return the authorization servers that the metadata name, as they are written there.

        Where the profile names one, that alone.
        """
        if declared := self.target.authorization.issuer:
            return (declared,)
        named = self.require_resource().document.texts("authorization_servers")
        return tuple(dict.fromkeys(named))[:MOST_SERVERS]

    def scopes(self) -> tuple[str, ...]:
        """Return the scopes that there are, as far as profile or metadata tell of any."""
        declared = self._wire.target.authorization.scopes
        return declared or tuple(
            scope for one in self.resources for scope in one.document.texts("scopes_supported")
        )

    def server(self, issuer: str) -> Server:
        """Return an authorization server with its metadata, asked for where clients ask."""
        if issuer not in self._servers:
            tried = list[Document]()
            for place in server_places(issuer) if split(issuer) else ():
                tried.append(self.at(place))
                _require_room(tried[-1])
                if tried[-1].is_there:
                    break
            self._servers[issuer] = Server(issuer, tuple(tried))
        return self._servers[issuer]

    def servers(self) -> tuple[Server, ...]:
        """Return the authorization servers. NotAssessedError where the target names none."""
        issuers = self.issuers()
        if not issuers:
            raise NotAssessedError("the target's metadata name no authorization server")
        return tuple(map(self.server, issuers))


def pointers_of(answer: Answer) -> tuple[str, ...]:
    """Return what the challenges of an answer name as resource_metadata (RFC 9728 section 5.1)."""
    found = (one.parameters.get("resource_metadata") for one in challenges_of(answer))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def identifiers_for(found: Resource, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the identifiers of which metadata at a place may be (RFC 9728 section 3.3).

    That is the resource of whose URL the place was made, or else the one that was asked.
    """
    made_of = inserted_into(found.document.url)
    return names if made_of is None else tuple(dict.fromkeys((made_of, *names)))


def _require_room(document: Document) -> None:
    """Raise NotEstablishedError where a limit, or an edge, kept the document back."""
    if is_missing(document.answer) and document.answer.status:
        raise NotEstablishedError(f"{document.url} was answered {document.answer}")
