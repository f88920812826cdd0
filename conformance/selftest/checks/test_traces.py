"""What is taken for a stack in an answer, and what is not."""

from __future__ import annotations

import pytest

from conformance.checks.mcp.protocol import TRACES

STACKS = {
    "a stack of Python": 'Traceback (most recent call last):\n  File "/srv/a.py", line 3',
    "a stack of JavaScript": "TypeError: x\\n    at read (file:///srv/quill.mjs:12:7)",
    "a stack of Go": "goroutine 7 [running]:",
}
INNOCENT = (
    '{"error": "unexpected token at position 12", "time": "2026-11-30T15:12:06Z"}',
    '{"detail": "refused at the door", "until": "15:12:06"}',
    "expected value at line 1 column 44",
)


@pytest.mark.parametrize(("name", "text"), STACKS.items())
def test_a_stack_is_told_by_its_language(name: str, text: str) -> None:
    assert [one for one, trace in TRACES.items() if trace.search(text)] == [name]


@pytest.mark.parametrize(
    "text", ["at node:internal/process/task_queues:95:5", "at async <anonymous>:1:22"]
)
def test_a_line_of_node_is_one_without_a_file_of_its_own(text: str) -> None:
    assert TRACES["a stack of JavaScript"].search(text)


@pytest.mark.parametrize("text", INNOCENT)
def test_a_time_of_day_is_no_stack(text: str) -> None:
    assert not [one for one, trace in TRACES.items() if trace.search(text)]
