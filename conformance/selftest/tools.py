"""A server with tools whose arguments are checked, in the forms that servers have them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from conformance.selftest.targets import Good

PERIODS = ("week", "month")
OBJECTS = {"tenant-a": "a-1f0e", "tenant-b": "b-77c2"}


class BadArgumentError(Exception):
    """What a tool says of an argument."""


class Tools(Good):
    """Has ``totals`` (period: an enumeration; limit, note: free) and invoices by their ids."""

    required: ClassVar[list[str]] = []
    enumerated: ClassVar[tuple[Any, ...]] = (*PERIODS, None)

    def converse(self, message: dict[str, Any]) -> None:
        """Carry out a call of a tool."""
        params: dict[str, Any] = message.get("params") or dict[str, Any]()
        if message.get("method") == "tools/list":
            self._result(message, {"tools": [self._listed()]})
        elif message.get("method") != "tools/call":
            super().converse(message)
        else:
            try:
                found = self.call(params["name"], params["arguments"])
            except BadArgumentError as error:
                words = [{"type": "text", "text": str(error)}]
                self._result(message, {"content": words, "isError": True})
            else:
                self._result(message, {"content": [], "structuredContent": found})

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool."""
        if name == "invoices":
            return {"invoices": [{"id": OBJECTS[self.tenant() or ""]}]}
        return self.invoice(arguments["id"]) if name == "invoice" else self.totals(arguments)

    def totals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add up a period."""
        period, limit = arguments.get("period"), arguments.get("limit", 10)
        if not any(period is one or period == one for one in self.enumerated):
            raise BadArgumentError("period: must be week or month")
        if not isinstance(limit, int):
            raise BadArgumentError("limit: must be a number")
        return {"note": arguments.get("note"), "number": str(uuid.uuid4())}

    def invoice(self, identity: str) -> dict[str, Any]:
        """Look an invoice up, or say under which reference it was not found."""
        if identity != OBJECTS[self.tenant() or ""]:
            raise BadArgumentError(f"not found (ref {uuid.uuid4()})")
        return {"id": identity}

    def _listed(self) -> dict[str, Any]:
        return {"name": "totals", "inputSchema": {"type": "object", "required": self.required}}

    def _result(self, message: dict[str, Any], result: dict[str, Any]) -> None:
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})


class Required(Tools):
    """Requires the period, and says so."""

    required: ClassVar[list[str]] = ["period"]
    enumerated: ClassVar[tuple[Any, ...]] = PERIODS


class SaysRequired(Tools):
    """Says that the period is required, and does without."""

    required: ClassVar[list[str]] = ["period"]


class TakesAnything(Tools):
    """Looks at no argument."""

    def totals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add up whatever it is."""
        return arguments


class TakesNumbers(Tools):
    """Takes a period for one by its name alone."""

    def totals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Refuse other names only."""
        if isinstance(arguments.get("period"), str):
            return super().totals(arguments)
        return {}


class Interpolates(Tools):
    """Puts an id into its query as it is, and says what the database made of it."""

    def invoice(self, identity: str) -> dict[str, Any]:
        """Tell an empty answer from a full one, under a reference drawn anew."""
        if "'q'='q" in identity:
            raise BadArgumentError(f"2 invoices found (ref {uuid.uuid4()})")
        return super().invoice(identity)


class TellsForeignInvoices(Tools):
    """Tells an invoice of another tenant from one that is not there."""

    def invoice(self, identity: str) -> dict[str, Any]:
        """Say whose it is."""
        if identity in OBJECTS.values() and identity != OBJECTS[self.tenant() or ""]:
            raise BadArgumentError(f"not yours (ref {uuid.uuid4()})")
        return super().invoice(identity)


class CountsWhatever(Tools):
    """Takes any text for a period, and has nothing in most of them."""

    def totals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Count none."""
        del arguments
        return {"count": 0}


class CountsByCondition(CountsWhatever):
    """Puts the period into its query as it is."""

    def totals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Count what a condition is true of."""
        is_true = "'q'='q" in str(arguments.get("period"))
        return {"count": 7 if is_true else 0}
