"""The table of hostile and broken targets, and what an honest judge says of each."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from conformance.selftest.hostile import liars, plays
from conformance.selftest.hostile.line import playing
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from conformance.selftest.hostile.line import Line, Play
    from conformance.selftest.targets import Good

    Serve = Callable[[], AbstractContextManager[str]]

VIOLATION, USAGE, UNDECIDED = 1, 4, 6
NOTHING = frozenset[str]()


@dataclass(frozen=True)
class Behaviour:
    """One way to behave, and the honest verdict.

    ``told`` stands in the reason of something inconclusive. ``fails`` are requirements that must
    fail. ``passes`` are all that may pass: none unless what they ask for was really seen.
    ``is_dead`` tells that there is nothing to judge, so that no verdict but inconclusive is fair;
    ``is_form`` that it is another form of one that is judged in full, so that to find out that it
    is dead is enough. ``is_stranger`` tells that it is no MCP endpoint, of which the run says so
    and judges nothing. ``is_liar`` tells that it speaks the protocol,
    and ``spared`` is an area in which it is in order all the same, so that nobody may accuse it.
    """

    serve: Serve
    told: str = ""
    fails: frozenset[str] = NOTHING
    passes: frozenset[str] = NOTHING
    is_dead: bool = False
    is_form: bool = False
    is_stranger: bool = False
    is_liar: bool = False
    spared: str = "none"


@contextmanager
def refused() -> Generator[str]:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/mcp"
    yield url


@contextmanager
def stalled_handshake() -> Generator[str]:
    """Give an HTTPS URL of a server that never says a word."""
    with playing(plays.silent) as url:
        yield url.replace("http:", "https:")


@contextmanager
def redirecting() -> Generator[str]:
    """Send everybody to another origin, which notes who comes."""
    liars.Trap.seen.clear()
    with serving(liars.Trap) as trap, playing(partial(_redirect, trap)) as url:
        yield url


def _redirect(trap: str, line: Line) -> None:
    while True:
        line.request()
        where = b"Location: " + trap.encode()
        line.send(plays.answer(b"307 Temporary Redirect", b"", where))


def dead(told: str, play: Play, *, is_form: bool = False) -> Behaviour:
    """Return the behaviour of a target with which there is no talking."""
    return Behaviour(partial(playing, play), told, is_dead=True, is_form=is_form)


def wrong(play: Play, *fails: str, told: str = "", passes: frozenset[str] = NOTHING) -> Behaviour:
    """Return the behaviour of a target that answers, and wrongly."""
    return Behaviour(partial(playing, play), told, frozenset(fails), passes)


def stranger(play: Play) -> Behaviour:
    """Return the behaviour of what answers, and is no MCP server by any of its answers."""
    return Behaviour(partial(playing, play), NO_ENDPOINT, is_stranger=True)


def liar(handler: type[Good], passes: str = "", told: str = "", spared: str = "none") -> Behaviour:
    """Return the behaviour of a target that speaks the protocol."""
    return Behaviour(
        partial(serving, handler),
        told,
        passes=frozenset(passes.split()),
        is_liar=True,
        spared=spared,
    )


NO_END = "answers have no end"
NOT_HTTP = "not HTTP"
NO_GOOD_CASE = "could not establish"
NO_ENDPOINT = "is no MCP endpoint that can be judged: "

OPEN = ("AUTH-01", "AUTH-03", "AUTH-04", "AUTH-11", "AUTH-12")
"""What a server fails that lets everybody in; where there is no door, nothing leads past it."""
REFUSALS = (
    "AUTH-01 AUTH-02 AUTH-03 AUTH-04 AUTH-08 AUTH-09 AUTH-10 AUTH-11 AUTH-12 AUTH-16 AUTH-17 "
    "AUTH-18 AUTH-19 AUTH-20 AUTH-21"
)
"""What a server passes that refuses those without a key, and does nothing else right."""
IN_ORDER = f"{REFUSALS} AUTH-05 AUTH-06 MCP-22 MCP-31"
"""What one passes that besides knows its tenants, and says ``server/discover`` as it should."""

BEHAVIOURS: dict[str, Behaviour] = {
    "refused port": Behaviour(refused, "connection refused", is_dead=True),
    "silent port": dead("timed out", plays.silent),
    "TLS handshake stall": Behaviour(stalled_handshake, "timed out", is_dead=True),
    "endless header": dead(NOT_HTTP, plays.endless_header),
    "huge header value": dead(NOT_HTTP, plays.huge_header, is_form=True),
    "endless body": dead(NO_END, plays.endless_body),
    "endless chunks": dead(NO_END, plays.endless_chunks, is_form=True),
    "slow drip of a head": dead("timed out", plays.drip_head),
    "slow drip of a body": dead(NO_END, plays.drip_body, is_form=True),
    "gzip bomb": dead(NO_END, plays.gzip_bomb),
    "deflate bomb": dead(NO_END, plays.deflate_bomb, is_form=True),
    "unasked coding": dead("encoding", plays.unasked_brotli),
    "length too long": dead("cut off", plays.too_long_a_length),
    "length too short": wrong(plays.too_short_a_length, told=NO_GOOD_CASE),
    "two lengths": dead(NOT_HTTP, plays.two_lengths),
    "length and chunks": stranger(plays.length_and_chunks),
    "HTTP/0.9": dead(NOT_HTTP, plays.http_09),
    "another protocol": dead(NOT_HTTP, plays.babble),
    "noise": dead(NOT_HTTP, plays.noise, is_form=True),
    "reset in the body": dead("reset", plays.reset_in_the_body),
    "hang up": dead("without an answer", plays.hang_up),
    "silent event stream": dead(NO_END, plays.silent_events),
    "comments for ever": dead(NO_END, plays.comments_for_ever),
    "comments now and then": dead(NO_END, plays.comments_now_and_then, is_form=True),
    "nested 100,000 deep": wrong(plays.deep, told=NO_GOOD_CASE),
    "list of 10,000,000": dead(NO_END, plays.long_list),
    "170,000 objects": wrong(plays.many_objects, told=NO_GOOD_CASE),
    "continue for ever": dead(NOT_HTTP, plays.continue_for_ever),
    "protocol switched": dead(NOT_HTTP, plays.switch_protocols, is_form=True),
    "NUL in headers": dead(NOT_HTTP, plays.nul_in_headers),
    "status 000": dead(NOT_HTTP, plays.status_000),
    "status 999": wrong(plays.status_999, told=NO_GOOD_CASE),
    "a thousand challenges": wrong(plays.many_challenges, told=NO_GOOD_CASE),
    "no text": stranger(plays.bad_text),
    "yes to all": wrong(plays.yes_to_all, *OPEN, passes=frozenset({"MCP-01"})),
    "welcome to all": stranger(plays.fine_to_all),
    "error to all": wrong(plays.error_to_all, told=NO_GOOD_CASE),
    "redirect to itself": stranger(plays.redirect_to_itself),
    "redirect to another origin": Behaviour(redirecting, NO_ENDPOINT, is_stranger=True),
    "every other connection hangs": wrong(plays.breaks_every_other, told="given up"),
    "every other connection breaks": liar(liars.BreaksEveryOther),
    "markup and escapes": liar(
        liars.Poisoned,
        "AUTH-02 AUTH-03 AUTH-06 AUTH-16 AUTH-17 AUTH-19 MCP-01 MCP-07 MCP-08 RLS-15",
    ),
    "all credentials sent back": liar(
        liars.TellsWhatItWasTold,
        "AUTH-05 AUTH-06 AUTH-08 AUTH-09 AUTH-10 AUTH-11 AUTH-12 AUTH-17 AUTH-18 AUTH-19 AUTH-20 "
        "AUTH-21 MCP-01 MCP-22 MCP-31",
    ),
    "lying Retry-After": liar(liars.LiesOnRetryAfter, f"{REFUSALS} MCP-01"),
    "clock runs backwards": liar(liars.ClockRunsBackwards, f"{IN_ORDER} MCP-01", spared="AUTH"),
    "another call's id": liar(liars.AnswersAnother, told=NO_GOOD_CASE),
    "connection closed each time": liar(liars.ClosesEach, f"{IN_ORDER} MCP-01", spared="AUTH"),
    "lies about versions": liar(liars.LiesOnVersions, IN_ORDER, spared="AUTH"),
}
