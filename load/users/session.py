"""Clients of the session revisions: initialize first, then calls that name the session."""

from __future__ import annotations

from http import HTTPStatus

from locust import between, task
from locust.exception import RescheduleTask

from conformance.forge.requests import SESSION_REVISIONS, Request, opening, rpc
from load.users.caller import Caller


class SessionUser(Caller):
    """Keeps a session and calls tools in it, about once a second, within the declared limits."""

    weight = 1
    wait_time = between(0.6, 1.4)
    revision = SESSION_REVISIONS[0]
    _session: str | None = None

    @task(12)
    def call(self) -> None:
        """Call the next tool in the session, opening one first where there is none."""
        if self._session is None:
            self._open()
        self.call_tool(self.next_call(), self._session)

    @task(1)
    def leave(self) -> None:
        """End the session, so that the next call opens another."""
        if self._session is None:
            raise RescheduleTask
        session, self._session = self._session, None
        self.send(
            Request(
                method="DELETE",
                headers=(
                    ("Accept", "application/json, text/event-stream"),
                    ("Mcp-Session-Id", session),
                    ("MCP-Protocol-Version", self.revision),
                ),
            ),
            "end of session",
        )

    def _open(self) -> None:
        answer = self.send(opening(self.revision), "initialize")
        if answer.status != HTTPStatus.OK:
            raise RescheduleTask
        self._session = answer.headers.get("mcp-session-id")
        ready = rpc(
            "notifications/initialized",
            revision=self.revision,
            session=self._session,
            message_id=None,
        )
        self.send(ready, "initialized")
