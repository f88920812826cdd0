"""Defects of resources, prompts, suggestions and cursors: another tenant's are shown, or told."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reference_server.core.errors import UnknownObjectError
from reference_server.mutants.bending import mutant
from reference_server.parts import with_parts
from reference_server.prompts.registry import build_prompts
from reference_server.protocol.desk import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reference_server.parts import Parts
    from reference_server.prompts.contracts import Prompt, PromptArgument
    from reference_server.resources.contracts import ListedResource, ResourceFamily
    from reference_server.tools.contracts import Caller

_KNOWN = 3
"""Characters of a value that only who knows it can give."""
_MOMENT = 0.02
"""Seconds in which another caller may come in between."""


@dataclass
class Family:
    """A family of resources as it is; what derives from it changes one thing."""

    inner: ResourceFamily
    uri_template: str = field(init=False)
    name: str = field(init=False)
    description: str = field(init=False)
    mime_type: str = field(init=False)

    def __post_init__(self) -> None:
        """Take over how the family is described."""
        self.uri_template = self.inner.uri_template
        self.name, self.description = self.inner.name, self.inner.description
        self.mime_type = self.inner.mime_type

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List as it is."""
        return self.inner.list_after(position, count, caller)

    def read(self, uri: str, caller: Caller) -> str:
        """Read as it is."""
        return self.inner.read(uri, caller)

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest as it does."""
        return self.inner.complete(beginning, caller)


@dataclass
class _KnowsOwners(Family):
    """Notes whose each resource is, and can ask as that tenant."""

    owners: dict[str, Caller] = field(default_factory=dict[str, "Caller"])

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List, and note whose they are."""
        listed = self.inner.list_after(position, count, caller)
        self.owners.update((one.uri, caller) for one in listed)
        return listed

    def owner_of(self, uri: str, caller: Caller) -> Caller:
        """Return whose a resource is, as far as known."""
        return self.owners.get(uri, caller)


class _ReadByUri(_KnowsOwners):
    def read(self, uri: str, caller: Caller) -> str:
        """Read whatever the URI names, whoever asks."""
        return self.inner.read(uri, self.owner_of(uri, caller))


class _SaysForbidden(_KnowsOwners):
    def read(self, uri: str, caller: Caller) -> str:
        """Tell that what is another's is there."""
        owner = self.owner_of(uri, caller)
        if owner.principal.tenant_id != caller.principal.tenant_id:
            raise RefusedError("You may not read this resource.")
        return self.inner.read(uri, caller)


class _CheckedAsSpelt(_KnowsOwners):
    def read(self, uri: str, caller: Caller) -> str:
        """Check the URI as it is spelt, and read what is meant."""
        if uri in self.owners:
            return self.inner.read(uri, caller)
        meant = uri.partition("?")[0]
        return self.inner.read(meant, self.owner_of(meant, caller))


@dataclass
class _ListedForTheNext(Family):
    kept: list[Sequence[ListedResource]] = field(default_factory=list["Sequence[ListedResource]"])

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Give every second caller what the one before was listed."""
        if self.kept:
            return self.kept.pop()
        self.kept.append(self.inner.list_after(position, count, caller))
        return self.kept[0]


class _SuggestsEverybodys(_KnowsOwners):
    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest whatever anybody has."""
        callers = {one.principal.tenant_id: one for one in (caller, *self.owners.values())}
        found = [self.inner.complete(beginning, one) for one in callers.values()]
        return [value for values in found for value in values]


class _SuggestsWhatBegins(_KnowsOwners):
    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest the caller's own, and anybody's whose beginning is known."""
        everybodys = [uri.rpartition("/")[2] for uri in self.owners]
        known = [
            one for one in everybodys if len(beginning) >= _KNOWN and one.startswith(beginning)
        ]
        return list(dict.fromkeys([*self.inner.complete(beginning, caller), *known]))


class _SuggestionTellsOfOthers(_KnowsOwners):
    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Refuse a value that another tenant has."""
        found = self.inner.complete(beginning, caller)
        if not found and any(uri.endswith(f"/{beginning}") for uri in self.owners):
            raise RefusedError("You may not see this value.")
        return found


@dataclass
class _Overtaken(Family):
    """Keeps who asks in one place for all, where the next caller stands soon."""

    last: Caller | None = None
    idle: threading.Event = field(default_factory=threading.Event)

    def read(self, uri: str, caller: Caller) -> str:
        """Read as whoever asked last, if it has such a resource."""
        self.last = caller
        self.idle.wait(_MOMENT)
        return self.inner.read(uri, self.last)

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List what is whoever's asked last."""
        self.last = caller
        self.idle.wait(_MOMENT)
        return self.inner.list_after(position, count, self.last)


@dataclass
class _Kept:
    """A prompt whose text is kept for the next caller who asks the same."""

    inner: Prompt
    name: str = field(init=False)
    description: str = field(init=False)
    arguments: Sequence[PromptArgument] = field(init=False)
    kept: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Take over how the prompt is described."""
        self.name, self.description = self.inner.name, self.inner.description
        self.arguments = self.inner.arguments

    def render(self, arguments: Mapping[str, str], caller: Caller) -> str:
        """Return what the first caller was told."""
        asked = json.dumps(dict(arguments), sort_keys=True)
        if asked not in self.kept:
            self.kept[asked] = self.inner.render(arguments, caller)
        return self.kept[asked]

    def complete(self, argument: str, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest as it does."""
        return self.inner.complete(argument, beginning, caller)


class _NamedCursors:
    """Cursors of plain base64 that name the tenant whose list they go on with."""

    def issue(self, listing: str, owner: str, position: str) -> str:
        """Return the cursor."""
        held = json.dumps({"list": listing, "tenant": owner, "position": position})
        return base64.urlsafe_b64encode(held.encode()).decode()

    def read(self, cursor: str, listing: str, owner: str) -> str:
        """Return the position, with the tenant for the list to go on with."""
        del owner
        try:
            held = json.loads(base64.urlsafe_b64decode(cursor))
            place, position = json.loads(held["position"])
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError("There is no such cursor.") from error
        if held["list"] != listing:
            raise RefusedError("There is no such cursor.")
        return json.dumps([place, f"{held['tenant']} {position}"])


class _OwnNamedCursors(_NamedCursors):
    """As these, each of use to one tenant alone: unless somebody writes its id into its own."""

    def issue(self, listing: str, owner: str, position: str) -> str:
        """Return the cursor, with a number that only its owner's cursors have."""
        inner = super().issue(listing, owner, position)
        return f"{inner}.{_checksum(owner)}"

    def read(self, cursor: str, listing: str, owner: str) -> str:
        """Return the position, for who was given a cursor."""
        inner, _, checksum = cursor.rpartition(".")
        if checksum != _checksum(owner):
            raise RefusedError("There is no such cursor.")
        return super().read(inner, listing, owner)


def _checksum(owner: str) -> str:
    return str(sum(owner.encode()))


class _GoesOnAsNamed(Family):
    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List for the tenant that the position names."""
        tenant, _, rest = position.rpartition(" ")
        if tenant:
            principal = replace(caller.principal, tenant_id=UUID(tenant))
            caller = replace(caller, principal=principal)
        return self.inner.list_after(rest, count, caller)


def with_family(
    kind: Callable[[ResourceFamily], ResourceFamily], *, in_prompts: bool = False
) -> Callable[[Parts], Parts]:
    """Return a change of parts with other families of resources, which prompts may read too."""

    def bend(parts: Parts) -> Parts:
        families = tuple(kind(family) for family in parts.mcp.resources)
        changes: dict[str, Any] = {"mcp.resources": families}
        if in_prompts:
            changes["mcp.prompts"] = build_prompts(families[0])
        return with_parts(parts, changes)

    return bend


def _with_prompts(parts: Parts) -> Parts:
    return with_parts(parts, {"mcp.prompts": tuple(_Kept(one) for one in parts.mcp.prompts)})


def _with_cursors(kind: type[_NamedCursors]) -> Callable[[Parts], Parts]:
    def bend(parts: Parts) -> Parts:
        return with_parts(with_family(_GoesOnAsNamed)(parts), {"mcp.cursors": kind()})

    return bend


class _OnlyInPrompts(_KnowsOwners):
    """Reads whatever a prompt names, though resources are kept apart."""

    def read(self, uri: str, caller: Caller) -> str:
        """Try as everybody whose resources were listed."""
        for owner in (caller, *self.owners.values()):
            try:
                return self.inner.read(uri, owner)
            except UnknownObjectError:
                continue
        raise UnknownObjectError("resource")


def _prompts_of_everybody(parts: Parts) -> Parts:
    # Lists note whose each one is, and prompts alone make use of it.
    family = _OnlyInPrompts(parts.mcp.resources[0])
    listing = _Listing(parts.mcp.resources[0], noting=family)
    changes = {"mcp.resources": (listing,), "mcp.prompts": build_prompts(family)}
    return with_parts(parts, changes)


@dataclass
class _Listing(Family):
    noting: Family | None = None

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List, and have it noted."""
        assert self.noting is not None  # noqa: S101 -- given where this is made
        return self.noting.list_after(position, count, caller)


MUTANTS = (
    mutant(
        "resource-read-by-uri-alone",
        "RLS-15",
        "A resource is read by its URI, whoever's it is.",
        parts=with_family(_ReadByUri),
    ),
    mutant(
        "resource-of-another-forbidden",
        "RLS-15",
        "Another tenant's resource is refused in other words than one that is not there.",
        parts=with_family(_SaysForbidden),
    ),
    mutant(
        "resource-checked-as-spelt",
        "RLS-15",
        "Whose a resource is, is looked up by its URI as spelt, and read without its query.",
        parts=with_family(_CheckedAsSpelt),
    ),
    mutant(
        "resources-listed-for-the-next",
        "RLS-15",
        "A list of resources is kept and given to whoever asks next.",
        parts=with_family(_ListedForTheNext),
    ),
    mutant(
        "suggestions-of-everybody",
        "RLS-15",
        "Completions suggest what any tenant has.",
        parts=with_family(_SuggestsEverybodys),
    ),
    mutant(
        "suggestions-to-who-knows-a-beginning",
        "RLS-15",
        "Completions suggest what any tenant has, once three characters of it are given.",
        parts=with_family(_SuggestsWhatBegins),
    ),
    mutant(
        "suggestion-tells-of-anothers-value",
        "RLS-15",
        "Completions refuse a value that another tenant has, and suggest nothing for others.",
        parts=with_family(_SuggestionTellsOfOthers),
    ),
    mutant(
        "resources-read-as-who-came-last",
        "RLS-15",
        "Who reads is kept in one place for all, so callers at once are taken for each other.",
        parts=with_family(_Overtaken),
    ),
    mutant(
        "prompt-kept-for-everybody",
        "RLS-15",
        "A prompt's text is kept by its name and arguments, and given to every tenant.",
        parts=_with_prompts,
    ),
    mutant(
        "prompt-reads-whatever-is-named",
        "RLS-15",
        "A prompt reads the metric that its argument names, whoever's it is.",
        parts=_prompts_of_everybody,
    ),
    mutant(
        "cursor-goes-on-for-who-has-it",
        "RLS-15",
        "A cursor names the tenant whose list it goes on with, and is of use to everybody.",
        parts=_with_cursors(_NamedCursors),
    ),
    mutant(
        "cursor-goes-on-for-who-is-named",
        "RLS-15",
        "A cursor names its tenant in plain base64, and whoever writes another's id there gets it.",
        parts=_with_cursors(_OwnNamedCursors),
    ),
)
