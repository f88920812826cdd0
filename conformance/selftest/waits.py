"""Finds the waits in a module's source, and those among them that nothing bounds.

A wait is bounded by an argument, or by a comment ``# bounded: why`` on one of its lines or the line
before it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REASON = re.compile(r"#.*\bbounded: \S+")
_FOREVER = "say for how long"
_HELPER = "use gather or Crew of conformance/waiting.py: this joins its threads without a bound"
_GUARD = "say in a comment '# bounded: …' what is done while it is held"


@dataclass(frozen=True)
class Wait:
    """One wait: where it stands (``place`` is the function), and what it lacks; empty for none."""

    line: int
    place: str
    call: str
    remedy: str


def waits(source: str) -> list[Wait]:
    """Return every wait of a module, in order."""
    lines, found = source.splitlines(), list[Wait]()
    for node, place in _placed(ast.parse(source), ()):
        named = _remedy(node)
        if named is None:
            continue
        call, remedy = named
        first = node.lineno
        last = (node.test.end_lineno if isinstance(node, ast.While) else node.end_lineno) or first
        if any(_REASON.search(line) for line in lines[max(0, first - 2) : last]):
            remedy = ""
        found.append(Wait(first, place, call, remedy))
    return sorted(found, key=lambda wait: wait.line)


def unbounded(source: str) -> list[Wait]:
    """Return the waits of a module that nothing bounds."""
    return [wait for wait in waits(source) if wait.remedy]


def _placed(
    node: ast.AST, names: tuple[str, ...]
) -> Iterator[tuple[ast.Call | ast.While | ast.keyword, str]]:
    """Yield all that may be a wait, with the dotted name of the function or class it stands in."""
    for child in ast.iter_child_nodes(node):
        inner = names
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*names, child.name)
        elif isinstance(child, ast.Call | ast.While | ast.keyword):
            yield child, ".".join(names)
        yield from _placed(child, inner)


def _remedy(node: ast.Call | ast.While | ast.keyword) -> tuple[str, str] | None:
    """Return a wait's name and what it lacks; None for what is no wait."""
    if isinstance(node, ast.While):
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        return ("while True", "end it by a deadline") if endless else None
    if isinstance(node, ast.keyword):  # default_factory=threading.Lock
        name = _last(node.value)
        is_made = node.arg == "default_factory" and name in _GUARDS
        return (name, _GUARD) if is_made else None
    name = _last(node.func)
    if name in _GUARDS:
        return name, _GUARD
    lacks = _RULES.get(name)
    if lacks is None or (name in _METHODS and not _is_method(node)):
        return None
    remedy = lacks(node)
    return None if remedy is None else (name, remedy)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _whole(node: ast.expr) -> str:
    """Return a dotted name, empty for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{_whole(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _is_method(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute)


def _is_given(node: ast.Call, keyword: str, place: int) -> bool:
    """Tell whether an argument is given, and not as None; what ``*`` or ``**`` give is not seen."""
    values = [one.value for one in node.keywords if one.arg == keyword]
    values += node.args[place : place + 1]
    return any(not (isinstance(one, ast.Constant) and one.value is None) for one in values)


def _timed(place: int, keyword: str = "timeout") -> Callable[[ast.Call], str]:
    def lacks(node: ast.Call) -> str:
        return "" if _is_given(node, keyword, place) else f"{_FOREVER} ({keyword}=)"

    return lacks


def _getting(node: ast.Call) -> str | None:
    """``get()`` of a queue: a mapping's has a key, and context variables are in capitals."""
    if isinstance(node.func, ast.Attribute) and _last(node.func.value).isupper():
        return None
    first = node.args[:1]
    has_a_key = bool(first) and not (isinstance(first[0], ast.Constant) and first[0].value is True)
    return None if has_a_key else _timed(1)(node)


def _joining(node: ast.Call) -> str | None:
    """``join()`` of a thread or process: a string's has what is joined."""
    if not node.args:
        return _timed(0)(node)
    first = node.args[0]
    is_time = isinstance(first, ast.Constant) and isinstance(first.value, int | float | None)
    return _timed(0)(node) if is_time else None


def _running(node: ast.Call) -> str | None:
    """``subprocess.run`` and its kin; other things run, too."""
    if not _whole(node.func).startswith("subprocess."):
        return None
    return _timed(99)(node)


def _acquiring(node: ast.Call) -> str:
    """``acquire(False)`` does not wait."""
    blocking = [one.value for one in node.keywords if one.arg == "blocking"] + node.args[:1]
    if any(isinstance(one, ast.Constant) and one.value is False for one in blocking):
        return ""
    return _timed(1)(node)


def _locking(node: ast.Call) -> str:
    kinds = node.args[1:2]
    is_free = any("LOCK_NB" in ast.unparse(one) for one in kinds)
    return "" if is_free else "add LOCK_NB, and try again until a deadline (manners/turn.py)"


def _selecting(node: ast.Call) -> str:
    place = 3 if _whole(node.func) == "select.select" else 0
    return _timed(place)(node)


def _connecting(node: ast.Call) -> str | None:
    """``psycopg.connect`` bounds no answer; other things connect, too."""
    if _whole(node.func) not in {"psycopg.connect", "BoundedConnection.connect"}:
        return None
    return "use connected of conformance/channels/sql/database.py"


def _reading(node: ast.Call) -> str | None:
    """``os.read`` of a pipe; files are read, too."""
    if _whole(node.func) not in {"os.read", "os.wait", "os.waitpid"}:
        return None
    return f"{_FOREVER}: select it first"


def _always(remedy: str) -> Callable[[ast.Call], str]:
    def lacks(_: ast.Call) -> str:
        return remedy

    return lacks


_GUARDS = frozenset({"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"})
_METHODS = frozenset({"wait", "wait_for", "get", "join", "acquire", "result", "accept", "recv"})
_SOCKET = "set a time-out on the socket, and say so in a comment '# bounded: …'"
_RULES: dict[str, Callable[[ast.Call], str | None]] = {
    "wait": _timed(0),
    "wait_for": _timed(1),
    "wait_procs": _timed(1),
    "get": _getting,
    "join": _joining,
    "acquire": _acquiring,
    "result": _timed(0),
    "exception": lambda node: None if node.args else _timed(0)(node),
    "as_completed": _timed(1),
    "communicate": _timed(1),
    "joinall": _timed(1),
    "killall": _timed(99),
    "run": _running,
    "call": _running,
    "check_call": _running,
    "check_output": _running,
    "flock": _locking,
    "lockf": _locking,
    "select": _selecting,
    "connect": _connecting,
    "create_connection": _timed(1),
    "HTTPConnection": _timed(2),
    "HTTPSConnection": _timed(2),
    "urlopen": _timed(2),
    "read": _reading,
    "waitpid": _reading,
    "readline": _always("a pipe may never end its line: select it first"),
    "recv": _always(_SOCKET),
    "recv_into": _always(_SOCKET),
    "accept": _always(_SOCKET),
    "serve_forever": _always("serve with handle_request, in beside of conformance/waiting.py"),
    "ThreadPoolExecutor": _always(_HELPER),
    "ProcessPoolExecutor": _always(_HELPER),
}
