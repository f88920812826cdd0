"""The API that tools call: what it answers, what it tells, and that it ends."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.downstream import Downstream
from conformance.profile.delivery import DownstreamApi as Section
from conformance.profile.sections import Resolved
from conformance.selftest.judging import ROOT
from conformance.selftest.worlds import AMPLE, CONTROL, served
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for
from conformance.world.downstream import DownstreamApi

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


def serving() -> AbstractContextManager[str]:
    """Serve while the block lasts; return the URL."""
    return served(DownstreamApi(("127.0.0.1", 0), CONTROL))


def channel(url: str, control: str = CONTROL) -> Downstream:
    return Downstream(Section.model_validate({"url": url, "control": Resolved(control)}))


def asked(url: str, path: str, credential: str | None) -> tuple[int, str]:
    line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=AMPLE)
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    line.request("POST", path, b'{"note": "word-1"}', headers)
    answer = line.getresponse()
    told = answer.read().decode()
    line.close()
    return answer.status, told


def test_it_tells_which_credential_has_reached_it() -> None:
    with serving() as url:
        assert asked(url, "/v1/notes", "key-of-a-tenant")[0] == 200
        (call,) = channel(url).arrived("word-1")
        assert call.shows("key-of-a-tenant")
        assert not call.shows("key-of-another")
        assert channel(url).calls("word-2") == []


def test_it_quotes_a_credential_that_it_refuses() -> None:
    with serving() as url:
        status, told = asked(url, "/v1/notes/refused", "key-of-a-tenant")
        assert (status, "key-of-a-tenant" in told) == (403, True)
        assert asked(url, "/v1/notes", None)[0] == 401


def test_who_does_not_know_the_control_word_is_told_nothing() -> None:
    with serving() as url, pytest.raises(NotEstablishedError, match="start it by"):
        channel(url, "another-word").calls("")


def test_an_api_that_is_not_there_decides_nothing() -> None:
    with serving() as url:
        gone = url
    with pytest.raises(NotEstablishedError, match="start it by"):
        channel(gone).calls("")


def test_the_program_ends_with_whoever_started_it(tmp_path: Path) -> None:
    control = tmp_path / "control"
    control.write_text(CONTROL, encoding="utf-8")
    words = ["downstream", "--port=0", f"--control={control}", "--until-input-ends"]
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance.world", *words],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    process.stdin.close()
    wait_for(lambda: process.poll() is not None, AMPLE)
    assert process.wait(AMPLE) == 0


def test_a_long_body_is_kept_as_far_as_it_is_read() -> None:
    with serving() as url:
        line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=AMPLE)
        body = json.dumps({"note": "word-3" + "x" * 100_000}).encode()
        line.request("POST", "/v1/notes", body, {"X-Api-Key": "k"})
        assert line.getresponse().status == 200
        line.close()
        (call,) = channel(url).calls("word-3")
        assert len(call.body) < 20_000
