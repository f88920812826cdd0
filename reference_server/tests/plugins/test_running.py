"""A process that misbehaves is bounded and ended, with all that it has started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psutil
import pytest

from reference_server.plugins import supervisor
from reference_server.plugins.contracts import (
    Delivery,
    ExecutionStatus,
    Order,
    PluginBounds,
    PluginDef,
    PluginError,
)
from reference_server.protocol import plugins
from reference_server.protocol.plugins import StdioRunner
from reference_server.tests.plugins import hostile
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT = UUID(int=1)
SECRET = "a-secret-of-the-tenants-0123456789"
AMPLE = 20.0
BOUNDS = PluginBounds(seconds=2.0, memory_bytes=512 << 20, output_bytes=64 << 10)


@pytest.fixture
def mark() -> Iterator[str]:
    """Return a word of this test's processes, none of which is left at the end."""
    word = f"hostile-{uuid4().hex}"
    yield word
    assert becomes_true(lambda: not _processes(word), 5.0), _processes(word)


def _processes(word: str) -> list[psutil.Process]:
    found = list[psutil.Process]()
    for process in psutil.process_iter(["cmdline", "status"]):
        is_alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if is_alive and word in (process.info["cmdline"] or ()):
            found.append(process)
    return found


def order(tool: str, mark: str, bounds: PluginBounds = BOUNDS, **arguments: Any) -> Order:
    command = (sys.executable, "-I", "-S", str(Path(hostile.__file__)), mark)
    plugin = PluginDef("hostile", command, (), bounds=bounds)
    delivery = Delivery({"PATH": "/usr/bin:/bin", "SECRET": SECRET}, (SECRET,))
    return Order(TENANT, plugin, tool, arguments, delivery)


def ran(one: Order) -> dict[str, Any]:
    return asyncio.run(asyncio.wait_for(StdioRunner().run(one), AMPLE))


def failed(one: Order) -> ExecutionStatus:
    with pytest.raises(PluginError) as caught:
        ran(one)
    assert SECRET not in str(caught.value)
    return caught.value.status


def test_a_call_is_answered_and_holds_what_was_asked(mark: str) -> None:
    found = ran(order("echo", mark, note="hello"))
    asked = json.loads(found["content"][0]["text"])
    assert asked["name"] == "echo"
    assert asked["arguments"] == {"note": "hello"}
    assert set(asked) <= {"name", "arguments", "_meta"}


@pytest.mark.parametrize("tool", ["flood", "flood_lines"])
def test_a_flood_ends_at_its_bound(tool: str, mark: str) -> None:
    assert failed(order(tool, mark)) is ExecutionStatus.TOO_MUCH


@pytest.mark.parametrize("tool", ["hang", "bomb", "talk_on_stderr", "answer_another"])
def test_what_gives_no_answer_ends_at_its_bound(tool: str, mark: str) -> None:
    assert failed(order(tool, mark)) is ExecutionStatus.TIMED_OUT


def test_who_fills_memory_ends_for_want_of_it(mark: str) -> None:
    bounds = replace(BOUNDS, memory_bytes=128 << 20, seconds=10.0)
    assert failed(order("fill_memory", mark, bounds)) is ExecutionStatus.ENDED


def test_who_dies_half_way_is_told_as_ended(mark: str) -> None:
    assert failed(order("die", mark)) is ExecutionStatus.ENDED


def test_what_was_started_beside_ends_with_the_call(mark: str) -> None:
    """They have left the group, and their parents; the fixture sees that none is left."""
    assert ran(order("fork", mark))["content"][0]["text"] == "done"


def test_a_program_that_is_not_there_is_a_clear_error(mark: str) -> None:
    absent = order("echo", mark)
    plugin = replace(absent.plugin, command=("/nowhere/at-all", mark))
    assert failed(replace(absent, plugin=plugin)) is ExecutionStatus.ENDED


def test_what_is_no_answer_is_passed_over_and_not_quoted(
    mark: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Lines of the SDK's client would tell what they could not read."""
    caplog.set_level(logging.INFO)
    assert ran(order("babble", mark))["content"][0]["text"] == "done"
    assert SECRET not in caplog.text


def test_a_result_of_another_form_is_garbled_and_not_quoted(
    mark: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert failed(order("break_the_form", mark)) is ExecutionStatus.GARBLED
    assert SECRET not in caplog.text


def test_an_error_of_the_protocol_is_an_error_of_the_tool(mark: str) -> None:
    found = ran(order("refuse", mark))
    assert found["isError"] is True
    assert SECRET in found["content"][0]["text"]  # masked by whoever answers


def test_twenty_calls_at_once_are_all_answered(mark: str) -> None:
    async def calls() -> list[dict[str, Any]]:
        runner = StdioRunner()
        orders = [
            replace(order("echo", mark, replace(BOUNDS, seconds=15), n=n), tenant=UUID(int=n % 5))
            for n in range(20)
        ]
        return await asyncio.gather(*map(runner.run, orders))

    found = asyncio.run(asyncio.wait_for(calls(), 60.0))
    told = [json.loads(one["content"][0]["text"])["arguments"]["n"] for one in found]
    assert told == list(range(20))


def test_one_tenant_waits_for_itself_and_is_told_when_that_takes_too_long(
    mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "ROOM_SECONDS", 0.5)

    async def calls() -> tuple[list[BaseException | dict[str, Any]], dict[str, Any]]:
        runner = StdioRunner()
        hanging = [asyncio.create_task(runner.run(order("hang", mark))) for _ in range(6)]
        other = await runner.run(replace(order("echo", mark), tenant=UUID(int=2)))
        return await asyncio.gather(*hanging, return_exceptions=True), other

    ended, other = asyncio.run(asyncio.wait_for(calls(), 30.0))
    statuses = [one.status for one in ended if isinstance(one, PluginError)]
    assert statuses.count(ExecutionStatus.BUSY) == 6 - plugins.OF_ONE_TENANT
    assert other["content"]


def test_a_call_that_is_given_up_leaves_no_process(mark: str) -> None:
    async def give_up() -> None:
        call = asyncio.create_task(StdioRunner().run(order("hang", mark)))
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, becomes_true, lambda: len(_processes(mark)) > 1, AMPLE)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call

    asyncio.run(asyncio.wait_for(give_up(), AMPLE))


def supervised(mark: str) -> subprocess.Popen[bytes]:
    """Start a process that hangs, by its supervisor, as the server would."""
    words = [sys.executable, "-I", "-S", str(Path(supervisor.__file__)), "--pass=SECRET"]
    words += ["--memory=536870912", "--output=65536", "--processor=9", "--"]
    words += order("hang", mark).plugin.command
    return subprocess.Popen(words, stdin=subprocess.PIPE, env={"SECRET": SECRET})


def test_no_process_outlives_a_server_that_is_killed(mark: str) -> None:
    """The supervisor's input ends, whatever has become of the server."""
    with supervised(mark) as process:
        assert process.stdin is not None
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hang"}}
        process.stdin.write(json.dumps(call).encode() + b"\n")
        process.stdin.flush()
        assert becomes_true(lambda: len(_processes(mark)) > 1, AMPLE)
        process.stdin.close()
        assert process.wait(AMPLE) == 0


def test_a_process_ends_with_a_supervisor_that_is_killed(mark: str) -> None:
    with supervised(mark) as process:
        assert becomes_true(lambda: len(_processes(mark)) > 1, AMPLE)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(AMPLE)


def test_no_secret_stands_in_the_words_of_a_process(mark: str) -> None:
    """Every account of the machine may read these."""
    seen = list[str]()
    runner = StdioRunner()

    async def look() -> None:
        call = asyncio.create_task(runner.run(order("hang", mark)))
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, becomes_true, lambda: len(_processes(mark)) > 1, AMPLE)
        seen.extend(word for one in _processes(mark) for word in one.cmdline())
        with contextlib.suppress(PluginError):
            await call

    asyncio.run(asyncio.wait_for(look(), AMPLE))
    assert seen
    assert not any(SECRET in word for word in seen)
