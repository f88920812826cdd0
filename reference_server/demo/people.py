"""The demo's people: members of tenant A in each role, and a guest, who is of tenant B."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.demo.issuer import USERS
from reference_server.identity.contracts import MemberRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.demo.issuer import DemoIssuer
    from reference_server.identity.contracts import Member
    from reference_server.identity.members import SqlMembers

OTHERS = {MemberRole.ADMIN: "ann", MemberRole.MEMBER: "abe"}
"""Who else is a member of tenant A; its user, whom the issuer knows, owns it."""


def seed_people(members: SqlMembers, issuer: DemoIssuer) -> dict[str, Any]:
    """Make them members, and return what the state file has of them."""
    owners = {label: members.welcome(issuer.person(label), MemberRole.OWNER) for label in USERS}
    found: Mapping[MemberRole, Member] = {
        MemberRole.OWNER: owners["a"],
        **{
            role: members.welcome(replace(issuer.person("a"), subject=name, name=name), role)
            for role, name in OTHERS.items()
        },
    }
    told = {role.value: _told(member) for role, member in found.items()}
    return {**told, "guest": {**_told(owners["b"]), "subject": USERS["b"]}}


def _told(member: Member) -> dict[str, str]:
    return {"sub": str(member.user_id), "member_id": str(member.id)}
