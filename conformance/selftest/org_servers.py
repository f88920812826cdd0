"""Servers of teams, whose members are captains or players: right ones, and each with one mistake.

A ticket says for whom and for which team somebody acts; another team takes another ticket, which
comes as a cookie where ``by_cookie``.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, ClassVar

from conformance.selftest.targets import KEYS, Good

A_TEAM, B_TEAM = KEYS.values()
CAPTAIN, PLAYER, GUEST = (f"ticket-of-{who}-0123456789" for who in ("captain", "player", "guest"))
CANARIES = {A_TEAM: "what only the A team has", B_TEAM: "what only the B team has"}
WHO = {"ada": A_TEAM, "pia": A_TEAM, "gus": B_TEAM}


class Teams(Good):
    """Serves teams; ``mistake`` says what it does wrong, if anything."""

    mistake: ClassVar[str] = ""
    by_cookie: ClassVar[bool] = False
    tickets: ClassVar[dict[str, tuple[str, str, str]]]
    roles: ClassVar[dict[tuple[str, str], str]]
    names: ClassVar[dict[str, str]]

    def do_GET(self) -> None:
        """Serve one request."""
        self.answer()

    do_POST = do_PUT = do_DELETE = do_GET

    def ticket(self) -> tuple[str, str] | None:
        """Return who acts for which team; None for a ticket that nobody has, or has any more."""
        found = self.tickets.get(self.headers.get("X-Api-Key", ""))
        if found is None:
            return None
        user, team, _ = found
        is_over = (user, team) not in self.roles
        return None if is_over and self.mistake != "tickets outlive it" else (user, team)

    def tenant(self) -> str | None:
        """Return the team that is acted for, by a ticket or a key."""
        ticket = self.ticket()
        return super().tenant() if ticket is None else ticket[1]

    def role(self, user: str, team: str) -> str | None:
        """Return the role of somebody in a team."""
        if self.mistake == "the role of the ticket":
            told = self.tickets[self.headers.get("X-Api-Key", "")]
            return told[2] if told[1] == team else None
        return self.roles.get((user, team))

    def answer(self) -> None:
        """Serve teams by their paths, and MCP by any other."""
        if not self.path.startswith(("/teams", "/act-for")):
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told: dict[str, Any] = json.loads(body or b"{}")
        ticket = self.ticket()
        if ticket is None:
            self.refuse()
        elif self.path.startswith("/act-for"):
            self.act_for(ticket[0], told)
        else:
            self.operate(ticket, told)

    def act_for(self, user: str, told: dict[str, Any]) -> None:
        """Give a ticket for a team of somebody's."""
        team = str(told.get("team"))
        role = self.roles.get((user, team))
        if role is None and self.mistake != "tickets for anybody":
            self.reply(404, {"error": "no such team"})
            return
        ticket = secrets.token_urlsafe(16)
        self.tickets[ticket] = (user, team, role or "player")
        if self.by_cookie:
            self.reply(204, None, {"Set-Cookie": f"ticket={ticket}; HttpOnly; Path=/"})
        else:
            self.reply(200, {"issued": {"ticket": ticket}})

    def operate(self, ticket: tuple[str, str], told: dict[str, Any]) -> None:
        """Carry out an operation on a team, for those that may."""
        user, own = ticket
        _, _, team, *rest = self.path.split("/")
        role = self.role(user, team)
        if role is None and self.mistake == "teams of others":
            role = self.role(user, own)
        if role is None or team not in self.names:
            self.reply(404, {"error": "no such team"})
            return
        takes_captain = self.command != "GET"
        if self.mistake == "players rename" and self.command == "PUT" and not rest:
            takes_captain = False
        is_denied = takes_captain and role != "captain"
        is_out = self.mistake == "captains locked out" and self.command == "DELETE"
        if is_out or (is_denied and self.mistake != "done and refused"):
            self.reply(403, {"error": "only a captain may"})
            return
        status = self.carried_out(team, rest, told)
        self.reply(403 if is_denied else status, self.shown(team))

    def carried_out(self, team: str, rest: list[str], told: dict[str, Any]) -> int:
        """Change a team, and return the status of the answer."""
        if self.command == "PUT" and not rest:
            self.names[team] = str(told.get("name"))
        elif self.command in {"POST", "PUT"}:
            self.roles[rest[1] if len(rest) > 1 else str(told.get("who")), team] = str(told["as"])
        elif self.command == "DELETE" and self.roles.pop((rest[1], team), None) is None:
            return 404
        return 200

    def shown(self, team: str) -> dict[str, Any]:
        """Return what there is to be seen of a team."""
        members = sorted((user, role) for (user, of), role in self.roles.items() if of == team)
        return {"name": self.names[team], "members": members}

    def converse(self, message: dict[str, Any]) -> None:
        """Answer the tool of a team's data."""
        params: dict[str, Any] = message.get("params") or {}
        team = self.tenant()
        if message.get("method") != "tools/call" or team is None:
            super().converse(message)
            return
        told = [CANARIES[team]]
        if self.mistake == "the former team's data" and (ticket := self.ticket()):
            told += [CANARIES[WHO[ticket[0]]]]
        result = {
            "content": [{"type": "text", "text": f"{params.get('name')}: {'; '.join(told)}"}],
            "structuredContent": {"tenantId": team},
            "resultType": "complete",
        }
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})


def server_with(mistake: str = "", *, by_cookie: bool = False) -> type[Teams]:
    """Return a server with a mistake, if any."""
    state = {
        "tickets": {
            CAPTAIN: ("ada", A_TEAM, "captain"),
            PLAYER: ("pia", A_TEAM, "player"),
            GUEST: ("gus", B_TEAM, "captain"),
        },
        "roles": {
            ("ada", A_TEAM): "captain",
            ("pia", A_TEAM): "player",
            ("gus", B_TEAM): "captain",
        },
        "names": {A_TEAM: "the A team", B_TEAM: "the B team"},
    }
    return type("Teams", (Teams,), {"mistake": mistake, "by_cookie": by_cookie, **state})
