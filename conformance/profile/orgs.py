"""The profile's ``[orgs]``: members of an organization, and what their roles let them do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from conformance.profile.policy import Identity
from conformance.profile.requests import DescribedRequest
from conformance.profile.sections import Reason, Secret, Section, with_a_path

if TYPE_CHECKING:
    from collections.abc import Iterator

ADD, REMOVE, CHANGE = "add", "remove", "change"
"""The operations that make somebody a member, end that, and give him another role."""


class OrgOperation(DescribedRequest):
    """An operation on an organization, and the roles of those who may carry it out.

    ``{org}`` is the organization, ``{user}`` the guest and ``{role}`` a role of his, ``{unique}`` a
    word that was never used; they may stand in the path and in texts of query, form and body. What
    can be done but once names what must have been done before, by ``follows``, and what takes it
    back, by ``undo``.
    """

    filled_in = ("org", "user", "role", "unique")

    allow: tuple[Reason, ...]
    follows: Reason | None = None
    undo: Reason | None = None

    @property
    def stands_alone(self) -> bool:
        """Whether it can be carried out again and again."""
        return self.follows is None and self.undo is None


class SwitchRequest(DescribedRequest):
    """What makes ``{org}`` the organization for which somebody acts."""

    filled_in = ("org",)


class Guest(Identity):
    """Somebody of tenant B's, of whom the judge makes a member of tenant A's for a while.

    ``user`` is what the operations call him.
    """

    tenant: Literal["a", "b", "spare"] = "b"
    user: Secret


class Orgs(Section):
    """Organizations whose members have roles: those of tenant A, and one guest.

    ``members`` are callers, each under the name of his role. ``add``, ``remove`` and ``change``
    are the operations that make the guest a member, end that, and give him another role. The
    ``switch`` is sent with the guest's credential; its answer holds another one under ``token``,
    a field, or sets it as the ``cookie``. Without a switch one credential serves everywhere.
    What a membership gave is gone ``end_seconds`` after it has ended or changed.
    """

    members: dict[str, Identity] = Field(default_factory=dict[str, Identity])
    operations: dict[str, OrgOperation] = Field(default_factory=dict[str, OrgOperation])
    guest: Guest | None = None
    switch: Annotated[
        SwitchRequest | None,
        BeforeValidator(with_a_path, json_schema_input_type=str | SwitchRequest),
    ] = None
    token: str = "token"  # noqa: S105 -- a field's name
    cookie: str | None = None
    end_seconds: int = Field(default=5, ge=1, le=86_400)

    @model_validator(mode="after")
    def _speaks_of_what_there_is(self) -> Self:
        for name, operation in self.operations.items():
            if odd := next((one for one in operation.allow if one not in self.members), None):
                raise ValueError(
                    f"the operation {name!r} allows {odd!r}, who is no member; write "
                    f"[orgs.members.{odd}], or one of {', '.join(self.members) or 'none'}"
                )
            for other in self._named_by(operation):
                if other not in self.operations:
                    raise ValueError(
                        f"the operation {name!r} names {other!r}, which there is not; write "
                        f"[orgs.operations.{other}]"
                    )
        return self

    @staticmethod
    def _named_by(operation: OrgOperation) -> Iterator[str]:
        yield from filter(None, (operation.follows, operation.undo))

    @property
    def tells_apart(self) -> bool:
        """Whether an operation is allowed to some member and not to another."""
        return any(0 < len(one.allow) < len(self.members) for one in self.operations.values())

    @property
    def has_guest(self) -> bool:
        """Whether a guest can be made a member, and be removed again."""
        return self.guest is not None and {ADD, REMOVE} <= self.operations.keys()

    @property
    def changes_roles(self) -> bool:
        """Whether a guest's role can be changed."""
        return self.has_guest and CHANGE in self.operations
