"""A headless Chromium, spoken to over the pipe that it opens for its debugger.

The DevTools protocol over a pipe takes two file descriptors and no library: each message is JSON,
ended by a NUL byte. All waits are bounded; what is late raises TimeoutError.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHOSEN = "HALLMARK_CHROMIUM"
"""The environment's variable that names the program; whoever sets it wants no test skipped."""
SECONDS = 120.0
"""The longest that a busy machine may take for one command; axe takes the most."""
SETTLES = 15.0
"""The longest that a page may take to become what is waited for."""
_FLAGS = (
    "--headless",
    "--no-sandbox",  # containers run tests as root, where Chromium has no sandbox
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_AS_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in enumerate(ends, 3):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes a program that reads commands from descriptor 3 and writes answers to 4."""


def program() -> str:
    """Return the path of a Chromium; skips the test, and says so, where there is none.

    A skipped test proves nothing: with HALLMARK_CHROMIUM set, an absent program fails it.
    """
    chosen = os.environ.get(CHOSEN)
    found = [path for name in ([chosen] if chosen else PROGRAMS) if (path := shutil.which(name))]
    if not found and chosen:
        pytest.fail(f"{CHOSEN} names {chosen!r}, which is no program")
    if not found:
        pytest.skip(f"no browser, so the page went unseen: install chromium, or set {CHOSEN}")
    return found[0]


class Browser:
    """One browser; ``events`` are what it told that nobody had asked for."""

    def __init__(self, receive: int, send: int) -> None:
        self._receive, self._send = receive, send
        self._waiting, self._number = b"", 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Give a command and return its result. Raises RuntimeError for one that is refused."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while (answer := self._next(deadline)).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def until(self, method: str, session: str) -> None:
        """Wait for an event of a session that has not been waited for before."""
        deadline = time.monotonic() + SECONDS
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return
            self.events.append(self._next(deadline))

    def page(self, width: int = 1280, height: int = 900, *, is_dark: bool = False) -> Page:
        """Open an empty page of this size, in CSS pixels."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        return page

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._receive], [], [], left)[0]:
                raise TimeoutError(f"the browser said nothing more within {SECONDS} s")
            chunk = os.read(self._receive, 1 << 20)
            if not chunk:
                raise ConnectionError("the browser has ended")
            self._waiting += chunk
        message, _, self._waiting = self._waiting.partition(b"\0")
        return json.loads(message)


class Page:
    """One page of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Give this page a command."""
        return self._browser.call(method, self._session, **params)

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file and wait until it is whole."""
        self.visit(path.as_uri() + fragment)

    def visit(self, url: str) -> None:
        """Load what is at a URL, wherever it redirects to, and wait until it is whole."""
        self.call("Page.navigate", url=url)
        self._browser.until("Page.loadEventFired", self._session)

    def ask(self, expression: str) -> Any:
        """Return what an expression yields, promises awaited. Raises RuntimeError if it throws."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def becomes(self, expression: str, wanted: Callable[[Any], bool] = bool) -> bool:
        """Tell whether an expression yields what is wanted within a bound, frame by frame."""
        deadline = time.monotonic() + SETTLES
        while not wanted(self.ask(expression)):
            if time.monotonic() > deadline:
                return False
            self.ask("new Promise((done) => setTimeout(done, 10))")
        return True

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key; ``text`` is what it types."""
        common = {"key": key, "text": text} if text else {"key": key, "code": key}
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, " ": 32}
        common |= {"windowsVirtualKeyCode": codes.get(key, 0)}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def resize(self, width: int, height: int) -> None:
        """Make the page this large, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of every event of this kind so far."""
        self.ask("0")  # what was told before the answer to this has arrived by then
        return [
            event["params"]
            for event in self._browser.events
            if event.get("method") == method and event.get("sessionId") == self._session
        ]

    def complaints(self) -> list[str]:
        """Return exceptions, and what the browser blocked or warned of."""
        thrown = [str(one["exceptionDetails"]) for one in self.told("Runtime.exceptionThrown")]
        return thrown + [str(one["entry"]["text"]) for one in self.told("Log.entryAdded")]


@contextmanager
def started(folder: Path) -> Generator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    path = program()
    from_us, ours = os.pipe()
    theirs, to_us = os.pipe()
    flags = (*_FLAGS, f"--user-data-dir={folder}", "about:blank")
    words = [sys.executable, "-c", _AS_3_AND_4, str(from_us), str(to_us), path, *flags]
    process = subprocess.Popen(
        words,
        pass_fds=(from_us, to_us),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Browser(theirs, ours)
    finally:
        os.close(ours)  # a browser whose debugger has gone ends by itself
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)
        os.close(theirs)
