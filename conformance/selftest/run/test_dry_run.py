"""What ``--dry-run`` tells, and that nothing is sent for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.catalogue import requirements
from conformance.model.sent import Sent
from conformance.run.dry_run import measured
from conformance.run.refreshing import COMMAND
from conformance.selftest.judging import judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


def dry(folder: Path, *words: str) -> tuple[int, str]:
    """Ask for a dry run; return the exit code and what was said."""
    found = judge(folder, "--dry-run", *words)
    return found.code, found.output


def test_every_requirement_has_been_measured() -> None:
    stale = measured().keys() ^ requirements().keys()
    assert not stale, (
        f"traffic.json is stale: run pytest conformance --requirement={','.join(sorted(stale))}, "
        f"then {COMMAND}"
    )


def test_what_needs_http_sends_something() -> None:
    silent = {name for name, sent in measured().items() if not sum(sent.values())}
    spoken_to = {name for name, entry in requirements().items() if "http" in entry.needs}
    assert not silent & spoken_to
    assert {"RLS-03", "OPS-06"} <= silent


def test_a_kind_of_request_survives_the_record() -> None:
    for kind in (Sent("POST", "mcp", fails=True), Sent("GET", "health", fails=False)):
        assert Sent.parse(str(kind)) == kind


def test_a_dry_run_contacts_nobody_and_tells_counts(tmp_path: Path) -> None:
    asked: list[str] = []

    class Watching(Good):
        def answer(self) -> None:
            asked.append(self.path)
            super().answer()

        do_GET = do_POST = answer

    with serving(Watching) as url:
        code, said = dry(tmp_path, f"--target={url}")
    assert (code, asked) == (0, [])
    assert "AUTH-01" in said
    assert "POST the endpoint without a right credential" in said
    assert "tools    none" in said
    assert "requirements lack what --check-profile tells, and send nothing" in said


def test_a_route_is_told_by_its_path(tmp_path: Path) -> None:
    code, said = dry(tmp_path)
    assert code == 0
    assert "3 POST /admin/api-keys/revoke" in said
    assert "<" not in said.partition("\nAUTH-01")[2]


def test_a_wrong_profile_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[target]\nurl = "http://127.0.0.1/"\nnmae = "x"\n', encoding="utf-8")
    code, said = dry(tmp_path, f"--profile={path}")
    assert code == 4
    assert "nmae" in said
    assert "Traceback" not in said


WHOLE = """
[not_applicable]
MCP-29 = "it sends halves of requests, of which a target need not count any"
"""


def test_a_run_counts_what_it_sends(tmp_path: Path) -> None:
    """The target counts, too, and both agree."""
    seen: Counter[str] = Counter()

    class Counting(Good):
        def answer(self) -> None:
            seen[self.command] += 1
            super().answer()

        do_GET = do_POST = answer

    with serving(Counting) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH,MCP", profile=WHOLE)
    sent: Counter[str] = Counter()
    for line in found.lines:
        if line["kind"] == "finding":
            sent.update(_by_method(line["sent"]))
    discovery = 6  # asked before any check
    assert sent["POST"] <= seen["POST"] <= sent["POST"] + discovery


def _by_method(sent: Any) -> Counter[str]:
    methods: Counter[str] = Counter()
    for kind, count in sent.items():
        methods[Sent.parse(kind).method] += count
    return methods
