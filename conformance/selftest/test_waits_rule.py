"""No wait of ours is without a bound, and the rule that says so sees what it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.selftest.waits import unbounded

ROOT = Path(__file__).parents[2]
PACKAGES = ("conformance", "load", "reports")
TESTS = {"selftest", "tests"}
EXCEPT = {
    "conformance/timing/shapes/server.py": "a target of the benchmark, ended by who started it",
    "conformance/timing/shapes/store.py": "the store of such a target, ended with it",
    "conformance/timing/exchange.py": "each recv has what is left of the exchange as its time-out",
}
"""Modules that the rule leaves alone, and what bounds them."""


def ours() -> list[str]:
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    names = (path.relative_to(ROOT) for path in found)
    return sorted(str(name) for name in names if not TESTS & {*name.parts})


def test_no_wait_is_without_a_bound() -> None:
    found = [
        f"{name}:{wait.line}: {wait.call}: {wait.remedy}"
        for name in ours()
        if name not in EXCEPT
        for wait in unbounded((ROOT / name).read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", EXCEPT)
def test_no_module_is_left_alone_in_vain(name: str) -> None:
    path = ROOT / name
    assert not path.exists() or unbounded(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "wrong",
    [
        "event.wait()",
        "event.wait(None)",
        "process.wait(timeout=None)",
        "barrier.wait()",
        "condition.wait_for(ready)",
        "queue.get()",
        "queue.get(True)",
        "queue.get(block=True)",
        "thread.join()",
        "thread.join(timeout=None)",
        "pool.join()",
        "lock.acquire()",
        "lock.acquire(True)",
        "future.result()",
        "future.exception()",
        "as_completed(futures)",
        "process.communicate()",
        "process.communicate(b'words')",
        "subprocess.run(command)",
        "subprocess.run(command, timeout=None)",
        "subprocess.call(command)",
        "subprocess.check_output(command)",
        "fcntl.flock(handle, fcntl.LOCK_EX)",
        "select.select([line], [], [])",
        "selector.select()",
        "socket.create_connection(where)",
        "http.client.HTTPConnection('127.0.0.1', 80)",
        "line.recv(1)",
        "server.accept()",
        "pipe.readline()",
        "os.read(pipe, 1)",
        "os.waitpid(child, 0)",
        "psycopg.connect(dsn, connect_timeout=5)",
        "server.serve_forever()",
        "Thread(target=server.run, args=(other.join(),))",
        "with ThreadPoolExecutor(8) as pool: pass",
        "pool = futures.ThreadPoolExecutor(8)",
        "lock = threading.Lock()",
        "lock = field(default_factory=threading.RLock)",
        "while True: look()",
        "while 1: look()",
        "gevent.joinall(started)",
        "event.wait()  # bounded:",
        "event.wait()  # it comes soon",
    ],
)
def test_a_wait_without_a_bound_is_found(wrong: str) -> None:
    (found,) = unbounded(f"\n{wrong}\n")
    assert found.line == 2
    assert found.remedy


@pytest.mark.parametrize(
    "right",
    [
        "event.wait(5)",
        "event.wait(timeout=seconds)",
        "condition.wait_for(ready, 5)",
        "queue.get(timeout=5)",
        "queue.get(True, 5)",
        "headers.get('name')",
        "CURRENT.get()",
        "', '.join(words)",
        "os.path.join(a, b)",
        "thread.join(5)",
        "thread.join(timeout=5)",
        "lock.acquire(timeout=5)",
        "lock.acquire(blocking=False)",
        "lock.acquire(False)",
        "future.result(5)",
        "process.communicate(timeout=5)",
        "subprocess.run(command, timeout=5)",
        "runner.run(command)",
        "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "select.select([line], [], [], 5)",
        "selector.select(5)",
        "socket.create_connection(where, 5)",
        "sqlite3.connect(path)",
        "file.read()",
        "while look(): pass",
        "gather(work, given, at_once=8)",
        "event.wait()  # bounded: by the thread beside it",
        "# bounded: by the thread beside it\nevent.wait()",
        "process.communicate(\n    words\n)  # bounded: it was killed",
        "while True:  # bounded: by the length of the list\n    look()",
    ],
)
def test_a_wait_with_a_bound_is_left_alone(right: str) -> None:
    assert not unbounded(f"\n{right}\n")


def test_a_reason_holds_for_its_own_wait_alone() -> None:
    source = "while True:  # bounded: by the list\n    look()\n    event.wait()\n"
    assert [wait.call for wait in unbounded(source)] == ["wait"]
