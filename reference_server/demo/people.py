"""The demo's people, members of tenant A in each role and a guest, who is of tenant B; a client."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.demo.issuer import USERS
from reference_server.identity.contracts import MemberRole
from reference_server.oauth.registrar import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.demo.issuer import DemoIssuer
    from reference_server.identity.contracts import Member
    from reference_server.identity.members import SqlMembers
    from reference_server.oauth.registrar import ClientRegistrar

OTHERS = {MemberRole.ADMIN: "ann", MemberRole.MEMBER: "abe"}
"""Who else is a member of tenant A; its user, whom the issuer knows, owns it."""

CALLBACK = "http://127.0.0.1:33418/callback"
"""Where the demo's client is answered."""


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


def seed_client(registrar: ClientRegistrar) -> dict[str, str]:
    """Add an OAuth client with a secret, and return what the state file has of it."""
    client = registrar.add("Demo client", [CALLBACK], Proof.BASIC)
    return {"id": client.id, "secret": client.secret or "", "redirect_uri": CALLBACK}


def _told(member: Member) -> dict[str, str]:
    return {"sub": str(member.user_id), "member_id": str(member.id)}
