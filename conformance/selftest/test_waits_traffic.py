"""Traffic ends, whatever becomes of its threads, and what one of them died of is heard."""

from __future__ import annotations

import secrets
import threading
import tomllib
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.http.traffic import Traffic, named_traffic
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.forge.requests import STATELESS
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.target import Target
from conformance.selftest.targets import Good, serving
from conformance.text.redaction import Redactor
from conformance.verdicts import NotAssessedError, NotEstablishedError
from conformance.waiting import OverdueError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

KEY = "key-of-tenant-a-0123456789"
SECONDS = 10.0
"""What a test waits for what must end at once: it must fail, not hang."""


def outcome(work: Callable[[], object]) -> BaseException | object:
    """Return what came of some work, or what it raised; TimeoutError when it does not end."""
    found: list[BaseException | object] = [TimeoutError("it did not end")]

    def run() -> None:
        try:
            found[0] = work()
        except BaseException as error:  # noqa: BLE001 -- it is what is looked for
            found[0] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return found[0]


def answered() -> Any:
    """Return an answer in time."""
    return SimpleNamespace(succeeded=True)


def named(_: object) -> str:
    """Return a name of an answer."""
    return "a name"


def test_an_answer_that_cannot_be_named_is_heard() -> None:
    """All threads die before there are answers enough."""

    def identify(_: object) -> str:
        raise LookupError("no request id")

    came = outcome(lambda: Traffic(answered, identify).until(5, lambda: "done"))
    assert isinstance(came, LookupError), came


def test_one_thread_that_dies_is_heard_while_the_others_go_on() -> None:
    names = ["a", "b"]

    def identify(_: object) -> str:
        return names.pop()

    came = outcome(lambda: Traffic(answered, identify).until(5, lambda: "done"))
    assert isinstance(came, IndexError), came


def test_what_the_act_raises_ends_traffic() -> None:
    def act() -> None:
        raise KeyError("gone")

    assert isinstance(outcome(lambda: Traffic(answered, named).until(5, act)), KeyError)


def test_traffic_that_is_refused_acts_nevertheless() -> None:
    refused: Any = SimpleNamespace(succeeded=False)
    traffic = Traffic(lambda: refused, named)
    assert outcome(lambda: traffic.until(5, lambda: "done")) == "done"
    assert not traffic.answered


def test_traffic_without_an_answer_reaches_its_bound() -> None:
    hung = threading.Event()

    def hang() -> Any:
        hung.wait(SECONDS)
        return SimpleNamespace(succeeded=False)

    came = outcome(lambda: Traffic(hang, named, 0.1).until(5, lambda: "done"))
    hung.set()
    assert isinstance(came, OverdueError), came
    assert "answers of a server under traffic" in str(came)


class Named(Good):
    """Names each request in the result of ping."""

    def converse(self, message: dict[str, Any]) -> None:
        """Answer with an id of its own where a tool is called."""
        if message.get("method") != "tools/call":
            super().converse(message)
            return
        result: dict[str, Any] = {
            "content": [],
            "structuredContent": {"requestId": secrets.token_hex(8)},
        }
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})


@pytest.fixture
def line_to() -> Generator[Callable[[str, str], Wire]]:
    with ExitStack() as stack:

        def open_line(url: str, more: str) -> Wire:
            described: dict[str, Any] = {"target": {"url": url}}
            target = Target.model_validate(described | tomllib.loads(more))
            budget = Budget(AddressPool(target, lane=0), target.limits)
            wire = Wire(target, STATELESS, budget, Transcript(Redactor({})))
            stack.callback(wire.close)
            return wire

        yield open_line


def test_without_a_header_the_result_of_ping_names_requests(
    line_to: Callable[[str, str], Wire],
) -> None:
    with serving(Named) as url:
        traffic = named_traffic(line_to(url, 'tools = { ping = "ping" }'), KEY)
        assert outcome(lambda: traffic.until(5, lambda: "done")) == "done"
    assert len(set(traffic.answered)) == len(traffic.answered) >= 5


@pytest.mark.parametrize(
    ("declared", "error"),
    [("", NotAssessedError), ('headers = { request_id = "X-Trace" }', NotEstablishedError)],
)
def test_where_nothing_names_a_request_the_option_is_named(
    line_to: Callable[[str, str], Wire], declared: str, error: type[Exception]
) -> None:
    with serving(Good) as url, pytest.raises(error, match=r"\[headers\] request_id"):
        named_traffic(line_to(url, f'tools = {{ ping = "ping" }}\n{declared}'), KEY)
