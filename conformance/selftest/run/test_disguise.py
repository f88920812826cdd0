"""In disguise nothing tells who asks, not even a server that would behave for its judge."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import conformance
from conformance.forge import guise
from conformance.manners import gait
from conformance.manners.addresses import AddressPool
from conformance.manners.gait import Gait
from conformance.profile.target import Target
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = re.compile(rb"hallmark|conformance", re.IGNORECASE)
WORDS = re.compile(OURS.pattern.decode(), re.IGNORECASE)
RICH = f"""
{PROFILE.partition("[tools]")[0]}
[admin]
token = {{ env = "KEY_REVOKED" }}
[routes]
health = "/health"
rotate_key = "/admin/rotate"
[tools]
ping = "ping"
tenant_data = "data"
[tools.failing]
name = "fail"
message_argument = "message"
[timing]
seconds = 0.5
"""


class _Noted:
    """A stream of which all that is read is kept."""

    def __init__(self, stream: Any, heard: list[bytes]) -> None:
        self._stream, self._heard = stream, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, *size: int) -> bytes:
        """Read, and keep."""
        return self._kept(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        """Read a line, and keep it."""
        return self._kept(self._stream.readline(*size))

    def _kept(self, found: bytes) -> bytes:
        self._heard.append(found)
        return found


class Hears(Good):
    """Keeps all that it is sent, and from where."""

    heard: ClassVar[list[bytes]] = []
    callers: ClassVar[list[str]] = []

    def setup(self) -> None:
        """Keep whatever is read."""
        super().setup()
        self.callers.append(self.client_address[0])
        self.rfile: Any = _Noted(self.rfile, self.heard)


class HonestToItsJudge(Good):
    """Asks nobody for a key, unless they say that they judge."""

    def tenant(self) -> str | None:
        """Take everybody but the judge for tenant A."""
        is_judge = "hallmark" in self.headers.get("User-Agent", "").lower()
        return super().tenant() if is_judge else "tenant-a"


@pytest.fixture
def heard() -> Iterator[list[bytes]]:
    Hears.heard.clear()
    Hears.callers.clear()
    yield Hears.heard
    Hears.heard.clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [(), ("-n", "2", "--area=AUTH,OPS")], ids=["whole", "in parallel"]
)
def test_a_run_in_disguise_says_nowhere_who_asks(
    tmp_path: Path, heard: list[bytes], words: tuple[str, ...]
) -> None:
    with serving(Hears) as url:
        found = judge(tmp_path, f"--target={url}", "--disguise", *words, profile=RICH)
    sent = b"".join(heard)
    assert sent.count(b"HTTP/1.1\r\n") > 150
    assert not OURS.findall(sent)
    assert guise.NEUTRAL.agent.encode() in sent
    assert b'"name": "mcp"' in sent
    assert found.lines[0]["was_disguised"] is True
    reruns = [line["rerun"] for line in found.lines if "rerun" in line]
    assert reruns
    assert all("--disguise" in str(command) for command in reruns)


def test_without_the_option_the_judge_says_who_asks(tmp_path: Path, heard: list[bytes]) -> None:
    with serving(Hears) as url:
        words = (f"--target={url}", "--requirement=AUTH-11,OPS-02,TIME-01")
        found = judge(tmp_path, *words, profile=RICH)
    sent = b"".join(heard)
    for told in (guise.OPEN.agent.encode(), b"HALLMARK /", b"/hallmark-no-such-path"):
        assert told in sent
    assert found.lines[0]["was_disguised"] is False


def test_who_is_honest_to_the_judge_alone_fails_in_disguise_alone(tmp_path: Path) -> None:
    verdicts: dict[str, dict[str, str]] = {}
    with serving(HonestToItsJudge) as url:
        for way in ("", "--disguise"):
            folder = tmp_path / (way or "open")
            folder.mkdir()
            words = (f"--target={url}", "--requirement=AUTH-01,AUTH-03", *filter(None, [way]))
            verdicts[way] = judge(folder, *words, profile=PROFILE).verdicts
    assert verdicts == {
        "": {"AUTH-01": "pass", "AUTH-03": "pass"},
        "--disguise": {"AUTH-01": "fail", "AUTH-03": "fail"},
    }


@pytest.fixture
def disguised() -> Iterator[None]:
    guise.put_on(guise.NEUTRAL)
    yield
    guise.put_on(guise.OPEN)


@pytest.mark.usefixtures("disguised")
def test_words_of_the_judges_own_keep_their_form_alone() -> None:
    drawn = {guise.in_guise("/hallmark-No_7") for _ in range(20)}
    assert len(drawn) == 20
    assert all(re.fullmatch(r"/[a-z]{8}-[A-Z][a-z]_7", one) for one in drawn)


def test_openly_words_are_what_they_are() -> None:
    assert guise.in_guise("/hallmark-No_7") == "/hallmark-No_7"


def test_addresses_are_in_no_row_and_of_nobody_else() -> None:
    target = Target.model_validate({"target": {"url": "http://127.0.0.1:9/mcp"}})
    pools = [AddressPool(target, lane, is_scattered=True) for lane in (0, 1)]
    found = [[str(pool.fresh()) for _ in range(300)] for pool in pools]
    assert len({*found[0], *found[1]}) == 600
    assert all(len({one.rsplit(".", 1)[0] for one in row}) > 250 for row in found)


def _passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list that each pause is put on, in place of being made."""
    passed: list[float] = []

    def pass_time(seconds: float, what: str) -> None:
        assert what
        passed.append(seconds)

    monkeypatch.setattr(gait, "pass_time", pass_time)
    return passed


def test_pauses_are_short_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = _passed(monkeypatch)
    pace = Gait(most=1.0)
    for _ in range(1000):
        pace.pause()
    assert sum(passed) == pytest.approx(1.0)
    assert len(set(passed)) > 5
    assert max(passed) <= gait.LONGEST


def test_what_is_sent_at_once_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = _passed(monkeypatch)
    pace = Gait()
    gather(lambda _: pace.pause(), range(8), at_once=4)
    assert not passed


JUDGE = Path(conformance.__file__).parent
STARTED = {"programs", "boot"}
"""Rooms that start programs, which know who has started them."""
SENDS = [
    path
    for room in ("checks", "channels", "forge", "timing", "analysis")
    for path in sorted((JUDGE / room).glob("**/*.py"))
    if path.name not in {"guise.py", "benchmark.py"} and not {"shapes", *STARTED} & {*path.parts}
]
PASSED = {"_OURS", "UNKNOWN_METHOD"}
"""Constants that are sent by way of ``in_guise``."""


@pytest.mark.parametrize("module", SENDS, ids=lambda path: "/".join(path.parts[-3:]))
def test_every_word_of_the_judges_own_goes_through_its_guise(module: Path) -> None:
    tree = ast.parse(module.read_text("utf-8"))
    fine = {id(node) for held in ast.walk(tree) for node in _permitted(held)}
    told = [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in fine and WORDS.search(node.value)
    ]
    assert not told, told


def _permitted(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may hold such words within a node: arguments of in_guise, and documentation."""
    match node:
        case ast.Call(func=ast.Name(id="in_guise")):
            yield from ast.walk(node)
        case ast.Expr(value=ast.Constant()):
            yield node.value
        case ast.Assign(targets=[ast.Name(id=name)]) if name in PASSED:
            yield from ast.walk(node)
        case _:
            return
