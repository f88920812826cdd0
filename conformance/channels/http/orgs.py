"""Tenant A's organization as the profile describes it: its members, and a guest for a while."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from conformance.channels.http.answer import is_done
from conformance.channels.http.callers import Caller, let_in
from conformance.forge.described import described
from conformance.profile.fields import found_at
from conformance.profile.orgs import ADD, REMOVE
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.identities import Callers
    from conformance.forge.keys import Keys
    from conformance.profile.orgs import OrgOperation, Orgs
    from conformance.text.redaction import Redactor

_WORD_BYTES = 6


@dataclass(frozen=True)
class Organization:
    """Tenant A's organization."""

    callers: Callers
    keys: Keys
    redactor: Redactor

    @property
    def told(self) -> Orgs:
        """What the profile tells of organizations."""
        return self.callers.target.orgs

    def members(self) -> dict[str, Caller]:
        """Return its members by their roles. NotEstablishedError for one that is not let in."""
        found = {name: self.callers.of(name, one) for name, one in self.told.members.items()}
        return let_in(found, frozenset(found))

    def member_for(self, operation: str) -> Caller:
        """Return the first member that may carry an operation out."""
        roles = self.told.operations[operation].allow
        establish(roles, f"somebody may carry out {operation}")
        return self.callers.of(roles[0], self.told.members[roles[0]])

    def carry_out(
        self, operation: str, caller: Caller, *, role: str = "", org: str | None = None
    ) -> Answer:
        """Have a caller try an operation, on this organization unless another is named."""
        request = self.told.operations[operation]
        guest = self.told.guest
        filled = {
            "org": self.keys.a.tenant_id if org is None else org,
            "user": guest.user if guest is not None else "",
            "role": role or self.least_role(),
            "unique": f"w{secrets.token_hex(_WORD_BYTES)}",
        }
        return caller.line.send(described(request, filled), key=caller.credential)

    def require_done(self, operation: str, *, role: str = "") -> None:
        """Have it carried out by who may. Raises NotEstablishedError where it is not."""
        answer = self.carry_out(operation, self.member_for(operation), role=role)
        establish(is_done(answer), f"{operation} is carried out for who may (got {answer})")

    def least_role(self) -> str:
        """Return the role that may carry out the fewest operations."""
        operations = self.told.operations.values()
        return min(self.told.members, key=lambda role: sum(role in one.allow for one in operations))

    def state(self) -> list[tuple[str, str]]:
        """Return what there is to be read of it, by who may read the most."""
        readable = [
            name
            for name, one in self.told.operations.items()
            if one.method == "GET" and one.allow and one.follows is None
        ]
        return [(name, self.carry_out(name, self.member_for(name)).text) for name in readable]

    @contextmanager
    def prepared(self, operation: OrgOperation) -> Generator[None]:
        """Do what an operation follows; take it back at the end, as far as it is not by then."""
        before = self.told.operations.get(operation.follows or "")
        if operation.follows is not None:
            self.require_done(operation.follows)
        try:
            yield
        finally:
            for name in (operation.undo, before.undo if before is not None else None):
                if name is not None:  # refused where the operation itself has done it
                    self.carry_out(name, self.member_for(name))

    @property
    def guest(self) -> Caller:
        """The guest, by what he presents in his own organization."""
        return self.callers.of("the guest", supplied(self.told.guest))

    @contextmanager
    def joined(self, role: str) -> Generator[Caller]:
        """Make the guest a member with a role, and yield him as such; he is none at the end."""
        self.carry_out(REMOVE, self.member_for(REMOVE))  # a run that was cut off may have left him
        self.require_done(ADD, role=role)
        try:
            yield self.switched(self.guest, self.keys.a.tenant_id)
        finally:
            self.carry_out(REMOVE, self.member_for(REMOVE))

    def switched(self, caller: Caller, org: str) -> Caller:
        """Return the guest as he acts for an organization; NotEstablishedError if he may not."""
        if self.told.switch is None:
            return caller
        found, answer = self.switch(caller, org)
        establish(found is not None, f"the guest switches to an organization of his (got {answer})")
        return found or caller

    def switch(self, caller: Caller, org: str) -> tuple[Caller | None, Answer]:
        """Try to switch; return who acts for it then, None where no credential is told."""
        request = described(supplied(self.told.switch), {"org": org})
        answer = caller.line.send(request, key=caller.credential)
        token = self._credential_in(answer) if is_done(answer) else None
        if token is None:
            return None, answer
        learn(self.redactor, token, "a credential of the guest's")
        theirs = self.keys.a if org == self.keys.a.tenant_id else self.keys.b
        self.callers.wire.trust(token, payer=theirs.active)
        return Caller("the guest", token, caller.line), answer

    def _credential_in(self, answer: Answer) -> str | None:
        if self.told.cookie is not None:
            return _cookie(answer, self.told.cookie)
        found = found_at(answer.entries, self.told.token)
        return found if isinstance(found, str) and found else None


def _cookie(answer: Answer, name: str) -> str | None:
    """Return the value that an answer gives a cookie (RFC 6265 section 4.1)."""
    for field, value in answer.headers:
        if field.lower() != "set-cookie":
            continue
        try:
            found = SimpleCookie(value).get(name)
        except CookieError:
            continue
        if found is not None and found.value:
            return found.value
    return None
