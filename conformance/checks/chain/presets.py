"""CHAIN: the usual choices of ways, each as a server that is started with it has them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from conformance.channels.http.tokens import REFUSALS
from conformance.channels.programs.launch import settle_watched
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.ways import Ways
    from conformance.channels.programs.launch import Launcher


@requirement("CHAIN-01", also_needs=(Channel.LAUNCH,), unless="sessions.presets")
def test_a_preset_has_its_ways_in_their_order_and_no_other(ways: Ways, launcher: Launcher) -> None:
    """Each way of a preset works alone, so that what others do beside it is seen.

    A way that is none of its own says nothing: alone it is a missing credential, and beside a right
    one it does not decide. Each preset is another process, of the same secrets and database.
    """
    wire = ways.wire
    presets = wire.target.sessions.presets or {}
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(launcher.start(more=preset.words))
            for name, preset in presets.items()
        }
        settle_watched([*started.values()])
        for name, process in started.items():
            establish(process.settle() is None, f"it starts with {name}: {process.ending()}")
            own = ways.at(process.url(wire.path), presets[name].ways)
            own.establish()
            wrong = [*_of_order(own), *_of_absence(own)]
            assert not wrong, f"started with {name}: {'; '.join(wrong)}"


def _of_order(ways: Ways) -> Iterator[str]:
    """Yield what is wrong where tenant A's credential comes by one way, and B's by a later one."""
    for way, other in ways.pairs():
        answer, told = ways.whose((way, ways.keys.a), (other, ways.keys.b))
        if told != "a" and answer.status not in REFUSALS:
            yield f"{way.name} before {other.name} got {answer}, told tenant {told}"


def _of_absence(ways: Ways) -> Iterator[str]:
    """Yield what is wrong where tenant B's credential comes by a way that is not looked at."""
    for other in ways.others:
        answer = ways.send(ways.right(other, ways.keys.b))
        if answer.executed or answer.status not in REFUSALS:
            yield f"{other.name}, which is none of its ways, got {answer}"
        for way in ways.all:
            if way.place != other.place:
                answer, told = ways.whose((way, ways.keys.a), (other, ways.keys.b))
                if told == "b":
                    yield f"{other.name} decided beside {way.name}: {answer}"
