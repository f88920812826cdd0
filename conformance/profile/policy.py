"""The profile's ``[policy]``: who may call which tool, with which arguments."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from conformance.profile.sections import CallOfOnesOwn, Credential, Names, Reason, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WILD = "*?["


class Identity(Section):
    """A caller of the target: by default the one that has the key of a ``tenant``.

    Or he has a ``key`` or a ``session`` token of his own, or presents ``nothing``. Or ``claims``
    are what a token of the tenant's says in his case, other claims being as they are in its own: it
    is signed with the key of [channels.signing].
    """

    tenant: Literal["a", "b", "spare"] = "a"
    key: Credential | None = None
    session: Credential | None = None
    claims: dict[str, Any] | None = None
    nothing: bool = False

    @model_validator(mode="after")
    def _is_one_caller(self) -> Self:
        told = (self.key, self.session, self.claims, self.nothing or None)
        if sum(one is not None for one in told) > 1:
            raise ValueError("write one of key, session, claims and nothing, or none of them")
        return self


class Rated(Identity):
    """A caller of whom a window of ``tenant_window_seconds`` admits so many ``requests``.

    He is counted apart from a tenant's key, which has the base rate, ``tenant_requests``.
    """

    tenant: Literal["a", "b", "spare"] = "spare"
    requests: int = Field(gt=0, le=100_000)


class Rule(Section):
    """What an identity, or each of several, may call: names of tools, in which * stands for any.

    He may call what one of ``allow`` matches, and none of ``deny``; [] allows nothing.
    """

    identity: Names
    allow: tuple[Reason, ...]
    deny: tuple[Reason, ...] = ()


class Cell(Section):
    """One call, and whether an identity, or each of several, may make it."""

    identity: Names
    tool: Reason
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    verdict: Literal["allow", "deny"]


class PolicyCall(CallOfOnesOwn):
    """A call that does no harm, whoever makes it, and succeeds for those that may make it.

    In texts of ``arguments`` ``{id}`` is the id of an object of the tenant's.
    """


class Policy(Section):
    """Who may call what: identities, rules by the names of tools, and cells with arguments.

    ``calls`` are made to find out whether the rules hold, beside those of the tools that [tools]
    names with arguments, or that take none. What no rule allows is denied. Lists show a caller the
    tools that he may call, and any other is answered as one that does not exist; with ``hides``
    false a list may show all, and a call may be refused in other words, whatever its arguments.
    """

    identities: dict[str, Identity] = Field(default_factory=dict[str, Identity])
    rules: tuple[Rule, ...] = ()
    cells: tuple[Cell, ...] = ()
    calls: tuple[PolicyCall, ...] = ()
    hides: bool = True
    rates: dict[str, Rated] = Field(default_factory=dict[str, Rated])

    @field_validator("identities")
    @classmethod
    def _are_named(cls, identities: dict[str, Identity]) -> dict[str, Identity]:
        if empty := next((name for name in identities if not name.strip()), None):
            raise ValueError(f"{empty!r} is no name; write [policy.identities.NAME]")
        return identities

    @model_validator(mode="after")
    def _speaks_of_identities(self) -> Self:
        known = ", ".join(self.identities) or "none"
        for name in self._named():
            if name not in self.identities:
                raise ValueError(
                    f"{name!r} is no identity (known: {known}); write [policy.identities.{name}], "
                    "or one of those"
                )
        ruled = {name for rule in self.rules for name in rule.identity}
        if untold := next((name for name in self.identities if name not in ruled), None):
            raise ValueError(
                f"no rule tells what {untold!r} may call; write one under [[policy.rules]], with "
                "allow = [] if it may call nothing"
            )
        for cell in self.cells:
            self._check(cell)
        return self

    def _check(self, cell: Cell) -> None:
        """Raise ValueError for a cell that allows what the rules deny."""
        for name in cell.identity:
            if cell.verdict == "allow" and not self.may(name, cell.tool):
                raise ValueError(
                    f"a cell lets {name!r} call {cell.tool!r}, which no rule does; add it to allow "
                    "of its rule, or deny it here"
                )

    def _named(self) -> Iterator[str]:
        for row in (*self.rules, *self.cells):
            yield from row.identity

    def may(self, identity: str, tool: str) -> bool:
        """Tell whether the rules let an identity call a tool, with some arguments at least."""
        own = [rule for rule in self.rules if identity in rule.identity]
        allowed = any(_matches(tool, rule.allow) for rule in own)
        return allowed and not any(_matches(tool, rule.deny) for rule in own)

    def tools(self) -> set[str]:
        """Return the tools that it names in full."""
        patterns = {one for rule in self.rules for one in (*rule.allow, *rule.deny)}
        named = {one for one in patterns if not set(WILD) & set(one)}
        return named | {one.tool for one in self.cells} | {one.name for one in self.calls}

    @property
    def tells_apart(self) -> bool:
        """Whether it has two identities at least that may not call the same."""
        return len({tuple(self._patterns(name)) for name in self.identities}) > 1

    def _patterns(self, identity: str) -> list[str]:
        own = [rule for rule in self.rules if identity in rule.identity]
        marked = [f"{mark}{one}" for rule in own for mark, one in _marked(rule)]
        return sorted(marked)


def _marked(rule: Rule) -> list[tuple[str, str]]:
    return [*(("+", one) for one in rule.allow), *(("-", one) for one in rule.deny)]


def _matches(tool: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(tool, one) for one in patterns)
