"""Readiness: what lies behind the server answers. It names parts, and says nothing else of them."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify

from reference_server.core.errors import StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

KEPT_SECONDS = 1.0
"""How long an answer counts: anybody may ask, as often as he likes, and the storage is not asked
more often for that."""


class Readiness:
    """Asks each part whether it answers, once a second at most, by one caller for all.

    Nobody else waits meanwhile, and until the first answer is there, no part is taken to answer.
    """

    def __init__(self, parts: Mapping[str, Callable[[], bool]]) -> None:
        self._parts = parts
        self._asking = threading.Lock()
        self._asked = float("-inf")
        self._found = dict.fromkeys(parts, False)

    def look(self) -> dict[str, bool]:
        """Return which parts answer, as was found last."""
        if time.monotonic() - self._asked < KEPT_SECONDS or not self._asking.acquire(
            blocking=False
        ):
            return self._found
        try:
            self._found = {name: _answers(part) for name, part in self._parts.items()}
            self._asked = time.monotonic()
        finally:
            self._asking.release()
        return self._found


def ready_routes(parts: Mapping[str, Callable[[], bool]]) -> Blueprint:
    """Return the blueprint of ``GET /ready``: 200, or 503 where a part does not answer."""
    readiness = Readiness(parts)
    routes = Blueprint("ready", __name__)

    def ready() -> Response:
        found = readiness.look()
        is_ready = all(found.values())
        response = jsonify({"ok": is_ready, "parts": found})
        response.status_code = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return response

    routes.add_url_rule("/ready", view_func=ready, methods=["GET"])
    return routes


def _answers(part: Callable[[], bool]) -> bool:
    try:
        return part()
    except StorageUnavailableError:
        return False
