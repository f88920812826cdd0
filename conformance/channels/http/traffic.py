"""Requests from many threads at once, until something happens to the server in their midst."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.verdicts import NotAssessedError, NotEstablishedError
from conformance.waiting import SILENT_SECONDS, Crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire

T = TypeVar("T")
AT_ONCE = 8
MOST = 400
"""Requests a thread sends at most: traffic ends by itself if nothing else ends it."""


class Traffic:
    """Keeps asking. ``identify`` names an answered request; ``answered`` are those."""

    def __init__(
        self,
        ask: Callable[[], Answer],
        identify: Callable[[Answer], str],
        seconds: float = SILENT_SECONDS,
    ) -> None:
        self._ask, self._identify, self._seconds = ask, identify, seconds
        self.answered: list[str] = []

    def until(self, count: int, act: Callable[[], T]) -> T:
        """Ask from all threads, ``act`` after ``count`` answers; return what that returned.

        Each thread goes on until it is refused or cut off, so that some requests are under way, and
        until ``act`` has returned. Raises what a thread died of, and OverdueError for silence.
        """
        crew = Crew("answers of a server under traffic")

        def keep_asking() -> None:
            for _ in range(MOST):
                answer = self._ask()
                if not answer.succeeded:
                    return
                self.answered.append(self._identify(answer))
                if crew.is_over:
                    return
                crew.tell()

        crew.start(keep_asking, AT_ONCE)
        try:
            crew.wait(self._seconds, lambda: len(self.answered) >= count)
            done = act()
        finally:
            crew.is_over = True
        crew.wait(self._seconds)
        return done


def named_traffic(line: Wire, key: str, *, of_calls: bool = False) -> Traffic:
    """Return traffic with a key whose requests the target names, in a header or in ping's result.

    They open conversations, or call ping where they are to be ``of_calls``.
    Raises NotAssessedError where it does neither, and the profile declares no header for it.
    """
    headers = line.target.headers
    place = line.target.fields.results.place("request_id")

    def in_ping(answer: Answer) -> object:
        return found_at(answer.structured, place) if place else None

    def in_header(answer: Answer) -> str:
        return _required(answer.header(headers.request_id), headers.request_id)

    def in_result(answer: Answer) -> str:
        return _required(in_ping(answer), f"{place} in the result of ping")

    first = line.knock(key)
    if not first.succeeded:
        raise NotEstablishedError(f"could not establish that the key works (got {first})")
    if first.header(headers.request_id):
        return Traffic(lambda: line.call_ping(key=key) if of_calls else line.knock(key), in_header)
    if line.target.tools.ping and in_ping(line.call_ping(key=key)):
        return Traffic(lambda: line.call_ping(key=key), in_result)
    if line.target.has(Channel.REQUEST_ID):
        in_header(first)
    raise NotAssessedError(
        f"no answer names its request, in {headers.request_id} or as ping's {place}: supply "
        f"{Channel.REQUEST_ID.supplied_by}",
        Channel.REQUEST_ID,
    )


def _required(found: object, what: str) -> str:
    """Return the id of a request; NotEstablishedError where its answer carries none."""
    if not found:
        raise NotEstablishedError(
            f"could not establish that each answer carries {what} "
            "(the profile's [headers] request_id names the header that carries the id)"
        )
    return str(found)
