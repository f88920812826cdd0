"""A text that a target goes on writing is read on from a mark, whatever becomes of the file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.channels import source
from conformance.channels.programs import printing
from conformance.channels.source import CommandSource, FileSource
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from pathlib import Path

OLD = b"".join(b"line %d of before\n" % number for number in range(200))


def file_of(folder: Path) -> tuple[Path, FileSource]:
    path = folder / "log"
    path.write_bytes(OLD)
    return path, FileSource(str(path), "[channels.log] file")


def append(path: Path, words: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(words)


def test_what_was_written_after_a_mark_is_read(tmp_path: Path) -> None:
    path, log = file_of(tmp_path)
    mark = log.mark()
    assert log.since(mark) == b""
    append(path, b"new\n")
    assert log.since(mark) == b"new\n"
    assert log.whole() == OLD + b"new\n"
    log.close()


def test_a_file_that_is_moved_away_is_read_to_its_end_and_the_new_one_after_it(
    tmp_path: Path,
) -> None:
    path, log = file_of(tmp_path)
    mark = log.mark()
    append(path, b"last\n")
    path.rename(tmp_path / "log.1")
    assert log.since(mark) == b"last\n"
    path.write_bytes(b"first\n")
    assert log.since(mark) == b"last\nfirst\n"
    assert log.whole() == OLD + b"last\nfirst\n"
    log.close()


@pytest.mark.parametrize("words", [b"", b"new\n", b"new\n" + OLD])
def test_a_file_that_is_emptied_in_its_place_is_read_from_its_start(
    tmp_path: Path, words: bytes
) -> None:
    """Also where it has grown beyond the mark again before anybody looks."""
    path, log = file_of(tmp_path)
    mark = log.mark()
    path.write_bytes(words)
    assert log.since(mark) == words
    log.close()


def test_an_export_that_is_written_anew_is_no_second_trail(tmp_path: Path) -> None:
    path, trail = file_of(tmp_path)
    assert trail.whole() == OLD
    (tmp_path / "newer").write_bytes(OLD + b"new\n")
    (tmp_path / "newer").rename(path)
    assert trail.whole() == OLD + b"new\n"
    trail.close()


def test_what_is_no_file_or_not_there_is_undecided(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotEstablishedError, match="is no file"):
        FileSource(str(tmp_path / "pipe"), "[channels.log] file").mark()
    with pytest.raises(NotEstablishedError, match=r"\[channels.log\] file .*nothing: No such file"):
        FileSource(str(tmp_path / "nothing"), "[channels.log] file").mark()


def test_a_file_that_grows_without_end_is_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MOST_BYTES", 10)
    path = tmp_path / "log"
    path.touch()
    log = FileSource(str(path), "[channels.log] file")
    mark = log.mark()
    append(path, b"x" * 11)
    with pytest.raises(NotEstablishedError, match="has grown by more than"):
        log.since(mark)
    log.close()


def command(*words: str) -> CommandSource:
    return CommandSource(words, "[channels.log] command", with_errors=True)


def program(text: str) -> CommandSource:
    return command(sys.executable, "-c", text)


@pytest.mark.parametrize("count", [1000, 200, 60])
def test_a_command_may_print_all_or_the_last_lines(tmp_path: Path, count: int) -> None:
    path, _ = file_of(tmp_path)
    log = command("tail", "-n", str(count), str(path))
    mark = log.mark()
    append(path, b"new\nnewer\n")
    assert log.since(mark) == b"new\nnewer\n"


def test_a_command_whose_output_has_moved_on_hides_nothing(tmp_path: Path) -> None:
    path, _ = file_of(tmp_path)
    log = command("tail", "-n", "5", str(path))
    mark = log.mark()
    append(path, b"new\n" * 20)
    assert log.since(mark) == b"new\n" * 5


def test_what_goes_to_standard_error_is_of_the_log() -> None:
    told = program("import sys; print('told', file=sys.stderr)")
    assert told.whole().strip() == b"told"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (program("print('no such container'); raise SystemExit(3)"), "ended with 3: no such"),
        (command("/nowhere/docker", "logs"), r"'/nowhere/docker' cannot be run \(No such file"),
        (program("import threading; threading.Event().wait()"), "did not end in .*such as -f"),
        (program("while True: print('x' * 9999)"), "prints more than 1 MiB"),
    ],
)
def test_a_command_that_fails_follows_or_floods_is_undecided_and_named(
    monkeypatch: pytest.MonkeyPatch, log: CommandSource, words: str
) -> None:
    monkeypatch.setattr(printing, "SECONDS", 1.0)
    monkeypatch.setattr(printing, "MOST_BYTES", 1 << 20)
    with pytest.raises(NotEstablishedError, match=rf"\[channels.log\] command prints: .*{words}"):
        log.mark()
