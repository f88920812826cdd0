"""A drafted profile is valid whatever a target says, tells what it told, and asked for little."""

from __future__ import annotations

import io
import json
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.__main__ import main
from conformance.drafting.survey import NOT_MCP
from conformance.model import USAGE
from conformance.profile import reading as profile
from conformance.selftest.drafting.challengers import Bearer, Noting, SaysBearer, Schemed
from conformance.selftest.judging import ROOT
from conformance.selftest.targets import KEYS, Babble, Endless, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

KEY = next(iter(KEYS))


class Open(Noting):
    """Serves whoever comes, and announces a limit."""

    pages: ClassVar[dict[str, Any]] = {"/healthz": {"status": "ok"}}
    fields: ClassVar[dict[str, str]] = {"RateLimit-Policy": '"default";q=20;w=30'}

    def tenant(self) -> str | None:
        """Take everybody for tenant A."""
        return "tenant-a"


HOSTILE = 'x"\n[admin]\ntoken = "y"\n\x1b]0;owned\x07\x1b[2J\r\u2028\u202e\ud800\x00\\'


class Hostile(Noting):
    """Answers with words that would break out of whatever they are put into."""

    pages: ClassVar[dict[str, Any]] = {
        "/.well-known/oauth-protected-resource/mcp": {
            "resource": HOSTILE,
            "authorization_servers": [HOSTILE] * 500,
            "scopes_supported": {"a": HOSTILE},
            "issuer": [[HOSTILE]],
        },
        "/health": HOSTILE,
    }
    fields: ClassVar[dict[str, str]] = {
        "RateLimit-Policy": '"\t[admin]";q=99999999999999999999;w=0, 0, 5;w=1, ;;q=;w=',
        "X-RateLimit-Limit": "9" * 5000,
        "X-Correlation-Id": "# [admin]",
    }

    def tenant(self) -> str | None:
        """Take everybody for tenant A."""
        return "tenant-a" if "Authorization" in self.headers else None

    def refuse(self) -> None:
        """Send a challenge of the same kind, with the key's own words in it."""
        told = 'Bearer realm="\t#\\"\\[admin]", header="Transfer-Encoding", resource_metadata="http://['
        self.reply(401, {"error": HOSTILE}, {"WWW-Authenticate": told})

    def tools(self) -> list[Any]:
        """Return a great many tools."""
        key = self.headers["Authorization"]
        names = [HOSTILE, "y" * 1_000, key, "z" * 180 + key, str(self.headers), "", "é漢"]
        return [{"name": name, "annotations": HOSTILE} for name in names * 100]


@dataclass(frozen=True)
class Done:
    """One run of the command."""

    code: int
    output: str
    errors: str


class NoServer(Noting):
    """Some other site, which has no page there."""

    def answer(self) -> None:
        """Say so."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(404, {"error": "not found"})

    do_GET = do_POST = do_DELETE = answer


def init(*words: str, key: str | None = None) -> Done:
    """Do as ``python -m conformance init-profile`` does, in this process."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        patch.chdir(ROOT)
        if key is not None:
            patch.setenv("THE_KEY", key)
        try:
            code = main(["init-profile", *words])
        except SystemExit as ended:  # argparse's way
            code = int(ended.code or 0)
    return Done(code, output.getvalue(), errors.getvalue())


def drafted(handler: type[Noting], *words: str, key: str | None = None) -> str:
    """Return what the command writes about a fake target."""
    handler.asked.clear()
    with serving(handler) as url:
        done = init(f"--target={url}", *words, key=key)
    assert done.code == 0, done.errors
    assert done.errors == ""
    return done.output


def entries(text: str) -> dict[str, Any]:
    """Return what stands in a drafted profile, once the loader takes it."""
    return tomllib.loads(text)


def sentences(text: str) -> str:
    """Return the comments of a drafted profile in one line, however they were folded."""
    return " ".join(line.removeprefix("# ") for line in text.splitlines())


def loaded(text: str, folder: Path) -> Any:
    """Return the target that a text describes."""
    path = folder / "drafted.toml"
    path.write_text(text, encoding="utf-8")
    return profile.load(path)


def test_an_open_target_tells_its_tools_health_and_limits(tmp_path: Path) -> None:
    text = drafted(Open)
    target = loaded(text, tmp_path)
    assert target.routes.health == "/healthz"
    assert (target.limits.address_requests, target.limits.address_window_seconds) == (20, 30)
    assert "# Protocol revisions: 2026-07-28." in text
    assert "# No request was refused for want of a key." in text
    assert '#   "look": read-only, it says\n#   "delete": not said to be read-only\n' in text
    assert "tools" not in entries(text) or entries(text)["tools"] == {}
    methods = [method for _, _, method in Open.asked]
    assert set(methods) <= {"", "server/discover", "initialize", "tools/list"}
    assert len(methods) <= 12


def test_without_a_key_a_guarded_target_is_knocked_at_twice_and_no_more() -> None:
    text = drafted(Noting)
    assert '# Refused without a key: 401, WWW-Authenticate: "ApiKey"' in text
    assert "# The tools could not be listed; --key-env=NAME may help." in text
    assert [method for _, _, method in Noting.asked].count("refused") == 2


def test_a_bearer_challenge_tells_the_header_and_its_documents(tmp_path: Path) -> None:
    text = drafted(Bearer)
    headers = loaded(text, tmp_path).headers
    assert (headers.api_key, headers.api_key_scheme) == ("Authorization", "Bearer")
    assert "# The challenge says so." in text
    assert '#   realm: "a \\"b\\""' in text
    assert '#   authorization_servers: "http://127.0.0.9:9/"' in text
    assert '#unauthorized = { error = "invalid_token" }' in text
    assert ("GET", "/meta", "") in Bearer.asked


@pytest.mark.parametrize(
    ("handler", "header", "scheme"),
    [
        (Noting, "X-Api-Key", ""),
        (Bearer, "Authorization", "Bearer"),
        (SaysBearer, "X-Api-Key", ""),
        (Schemed, "Authorization", "Token"),
    ],
)
def test_a_key_shows_where_it_goes_and_stays_out_of_the_profile(
    handler: type[Noting], header: str, scheme: str, tmp_path: Path
) -> None:
    text = drafted(handler, "--key-env=THE_KEY", key=KEY)
    headers = loaded(text, tmp_path).headers
    assert (headers.api_key, headers.api_key_scheme) == (header, scheme)
    assert "# A key was taken here." in text
    assert '#   "look": read-only, it says' in text
    assert KEY not in text
    assert "tools/call" not in [method for _, _, method in handler.asked]


def test_a_key_that_works_nowhere_is_tried_in_two_places_at_most() -> None:
    text = drafted(Noting, "--key-env=THE_KEY", key="no-key-of-anybody")
    assert "# The key was refused wherever it was presented" in text
    assert "--key-header=NAME says where it goes." in sentences(text)
    assert [method for _, _, method in Noting.asked].count("refused") == 4


class OwnHeader(Noting):
    """Wants its key in a header that nobody would guess, and does not say so."""

    def tenant(self) -> str | None:
        """Look there alone."""
        return KEYS.get(self.headers.get("X-Notes-Key", "").removeprefix("Key "))

    def refuse(self) -> None:
        """Challenge for a bearer token, as most do."""
        self.reply(401, {"error": "unauthorized"}, {"WWW-Authenticate": "Bearer"})


@pytest.mark.parametrize(("told", "scheme"), [("X-Notes-Key", ""), ("X-Notes-Key: Key", "Key")])
def test_a_header_that_is_told_is_the_only_one_tried(
    told: str, scheme: str, tmp_path: Path
) -> None:
    text = drafted(OwnHeader, "--key-env=THE_KEY", f"--key-header={told}", key=KEY)
    headers = loaded(text, tmp_path).headers
    assert (headers.api_key, headers.api_key_scheme) == ("X-Notes-Key", scheme)
    assert "# A key was taken here." in text
    refused = drafted(OwnHeader, "--key-env=THE_KEY", "--key-header=X-Other", key=KEY)
    assert 'The key was refused wherever it was presented ("X-Other")' in sentences(refused)


@pytest.mark.parametrize("told", ["", "X Key", "X-Key: two words", "X-Kéy"])
def test_what_is_no_header_is_refused(told: str) -> None:
    done = init("--target=http://127.0.0.9:9", "--key-env=THE_KEY", f"--key-header={told}", key=KEY)
    assert done.code == USAGE
    assert "give a header's name" in done.errors


def test_a_header_without_a_key_is_refused() -> None:
    done = init("--target=http://127.0.0.9:9", "--key-header=X-Key")
    assert done.code == USAGE
    assert "goes with --key-env" in done.errors


class Opens(Noting):
    """Opens a conversation with everybody, and lists its tools to those with a key alone."""

    def answer(self) -> None:
        """Let an opening pass without a key."""
        if self.command == "GET" or self.headers.get("Mcp-Method") == "tools/list":
            super().answer()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.converse(json.loads(body))

    do_GET = do_POST = answer


@pytest.mark.parametrize(("key", "is_taken"), [(KEY, True), ("no-key-of-anybody", False)])
def test_a_key_is_shown_by_what_was_refused_without_it(key: str, *, is_taken: bool) -> None:
    """To open a conversation takes no key here, so that it opens with one shows nothing."""
    text = drafted(Opens, "--key-env=THE_KEY", key=key)
    assert ("# A key was taken here." in text) is is_taken
    assert ('"look": read-only' in text) is is_taken
    assert "# Protocol revisions: 2026-07-28." in text


def test_a_hostile_target_writes_no_entry_and_no_escape(tmp_path: Path) -> None:
    text = drafted(Hostile, "--key-env=THE_KEY", key=KEY)
    target = loaded(text, tmp_path)
    assert target.admin is None
    assert "#   and " in text
    assert "authorization_servers: " in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert KEY not in text
    assert KEY[:12] not in text
    assert len(text) < 60_000
    assert set(entries(text)) <= {"target", "routes", "headers", "answers", "limits", "tools"}
    assert entries(text)["headers"].get("api_key") != "Transfer-Encoding"


class Elsewhere(Noting):
    """Points everybody to another origin, in a redirect and in its challenge."""

    trap: ClassVar[str] = ""

    def answer(self) -> None:
        """Redirect or challenge, to the trap."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"WWW-Authenticate": f'Bearer resource_metadata="{self.trap}"'}
        if self.command == "GET":
            self.reply(307, {}, {"Location": self.trap})
        else:
            self.reply(401, {}, told)

    do_GET = do_POST = answer


def test_nobody_else_is_asked_whatever_the_target_points_to() -> None:
    Open.asked.clear()
    with serving(Open) as trap, serving(Elsewhere) as url:
        Elsewhere.trap = trap
        done = init(f"--target={url}", "--key-env=THE_KEY", key=KEY)
    assert done.code == 0
    assert Open.asked == []
    assert f'A redirect to "{trap}" was not followed.' in done.output
    assert f'names "{trap}", which was not' in " ".join(done.output.replace("# ", "").split())


class Busy(Noting):
    """Asks everybody to come back later."""

    def answer(self) -> None:
        """Answer 429."""
        self.asked.append((self.command, self.path, ""))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(429, {}, {"Retry-After": "30"})

    do_GET = do_POST = answer


def test_a_target_that_asks_to_slow_down_is_left_alone(tmp_path: Path) -> None:
    text = drafted(Busy)
    loaded(text, tmp_path)
    assert len(Busy.asked) == 1
    assert 'the target answers 429, Retry-After: "30"' in text


@pytest.mark.parametrize("handler", [Babble, Endless])
def test_a_target_that_speaks_nothing_of_use_ends_soon(handler: type[Good], tmp_path: Path) -> None:
    out = tmp_path / "p.toml"
    with serving(handler) as url:
        done = init(f"--target={url}", f"--out={out}")
    assert done.code in {0, 6}
    assert "Traceback" not in done.errors
    assert out.exists() is (done.code == 0)


def test_a_page_that_is_no_mcp_server_is_told_on_the_terminal_too() -> None:
    with serving(NoServer) as url:
        done = init(f"--target={url}")
    assert done.code == 0
    assert done.errors == f"--target: {NOT_MCP}\n"
    assert NOT_MCP in done.output.replace("\n# ", " ")


def test_nobody_listening_is_one_sentence_and_exit_code_6() -> None:
    with serving(Good) as url:
        pass
    done = init(f"--target={url}")
    assert (done.code, done.output) == (6, "")
    assert done.errors == f"--target={url}: the target does not answer: connection refused\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target=ftp://127.0.0.1",), "is not an http or https URL"),
        (("--target=http://[::1",), "is not an http or https URL"),
        (("--target=http://127.0.0.1:99999/",), "is not an http or https URL"),
        (("--target=http://user:secret@127.0.0.1:9/",), "leave out what stands before @"),
        (("--target=http://127.0.0.1:9/", "--out=README.md"), "is there already"),
        (("--target=http://127.0.0.1:9/", "--key-env=HALLMARK_NOT_SET"), "set that environment"),
        (("--target=http://127.0.0.1:9/", "--key-env=THE_KEY"), "no header can carry"),
        ((), "--target"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_code_4(words: tuple[str, ...], told: str) -> None:
    done = init(*words, key="a\nb")
    assert done.code == 4
    assert told in done.errors
    assert done.errors.count("\n") == 1
    assert "secret" not in done.errors
