"""``python -m conformance init-profile | login | schema | refresh``: what goes with judging.

Exit codes are those of the judge: 0 it is done; 4 the options are wrong; 6 the target does not
answer. One sentence on stderr says which and why.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import webbrowser
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

from conformance.channels.oauth.kept import TokenError
from conformance.drafting.announced import KeyPlace
from conformance.drafting.draft import Draft
from conformance.drafting.survey import NOT_MCP, SilentError, Surveyor
from conformance.model import UNDECIDED, USAGE
from conformance.profile import reading as profile
from conformance.profile import schema
from conformance.record.errors import RecordError
from conformance.run.login import asked_of, forget, login
from conformance.run.refreshing import ROOT, SCHEMA, StaleError, refresh
from conformance.text.plain import powerless
from conformance.text.redaction import Redactor
from conformance.verdicts import NotAssessedError, NotEstablishedError

_LONGEST_LOGIN = 3600
_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
"""A token (RFC 9110 section 5.6.2), as names of headers and of schemes are."""


class _UsageError(Exception):
    """An option is wrong; the message says which, and what to give instead."""


class _Parser(argparse.ArgumentParser):
    """Ends with the judge's exit code for wrong options."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def prepare(words: list[str], program: str) -> int:
    """Do what the command line says; return the exit code."""
    arguments = _parser(program).parse_args(words)
    try:
        if arguments.command == "schema":
            sys.stdout.write(schema.text())
        elif arguments.command == "refresh":
            _refresh(arguments.record)
        elif arguments.command == "login":
            _login(arguments)
        else:
            _init_profile(arguments.target, arguments.out, arguments.key_env, arguments.key_header)
    except (_UsageError, profile.ProfileError) as error:
        sys.stderr.write(f"{powerless(str(error))}\n")
        return USAGE
    except SilentError as error:
        sys.stderr.write(f"--target={arguments.target}: {powerless(str(error))}\n")
        return UNDECIDED
    return 0


def _init_profile(url: str, out: Path | None, key_env: str | None, key_header: str | None) -> None:
    target = profile.from_url(url)
    if urlsplit(url).username is not None:
        raise _UsageError("--target: leave out what stands before @; a profile holds no credential")
    if out is not None and out.exists():
        raise _UsageError(f"--out={out}: is there already; give the name of a new file")
    key = _key(key_env)
    redact = Redactor({key: f"the key of {key_env}"} if key else {})
    found = Surveyor(target, key, redact, _place(key_header, key_env)).ask()
    text = Draft(found, redact, _schema_beside(out), key_env).text()
    if NOT_MCP in found.notes:
        sys.stderr.write(f"--target: {NOT_MCP}\n")
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise _UsageError(f"--out={out}: cannot be written: {error.strerror}") from None
    sys.stdout.write(f"{out}: written after {found.requests} requests\n")


def _login(arguments: argparse.Namespace) -> None:
    path: Path = arguments.profile
    target = profile.load(path, url=arguments.target, state=arguments.state)
    try:
        asked = asked_of(target, arguments.tenant)
        if arguments.forget:
            told = forget(asked)
        else:
            told = login(asked, _opened if arguments.browser else _printed, arguments.seconds)
    except (TokenError, NotEstablishedError, NotAssessedError) as error:
        raise _UsageError(f"{path}: {error}") from None
    sys.stdout.write(f"{powerless(told)}\n")


def _printed(url: str) -> None:
    sys.stdout.write(f"Open this in a browser in which the tenant's user is signed in:\n{url}\n")
    sys.stdout.flush()


def _opened(url: str) -> None:
    _printed(url)
    webbrowser.open(url)


def _refresh(record: Path | None) -> None:
    try:
        for sentence in refresh(record):
            sys.stdout.write(f"{sentence}\n")
    except (StaleError, RecordError) as error:
        raise _UsageError(f"refresh: {error}") from None


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    key = os.environ.get(name, "")
    if not key:
        raise _UsageError(f"--key-env={name}: set that environment variable to a key")
    if not all("!" <= letter <= "~" for letter in key):
        raise _UsageError(f"--key-env={name}: holds something that no header can carry")
    return key


def _place(told: str | None, key_env: str | None) -> KeyPlace | None:
    if told is None:
        return None
    if key_env is None:
        raise _UsageError("--key-header: goes with --key-env, whose key it is for")
    header, _, scheme = told.partition(":")
    if not _FIELD_NAME.fullmatch(header) or not _FIELD_NAME.fullmatch(scheme.strip() or "-"):
        raise _UsageError(
            f"--key-header={told}: give a header's name, and a scheme after a colon if it has one, "
            'as in "Authorization: Token"'
        )
    return KeyPlace(header, scheme.strip())


def _schema_beside(out: Path | None) -> str | None:
    """Return the way from the profile to the schema, for editors; None where there is no schema."""
    if not (ROOT / SCHEMA).exists():
        return None
    folder = out.parent if out else Path()
    return quote(Path(os.path.relpath(ROOT / SCHEMA, folder.resolve())).as_posix())


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=program,
        description="Prepare a judgement. To judge a server: pytest conformance.",
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    commands.add_parser("schema", help="print the JSON Schema of a profile")
    anew = commands.add_parser("refresh", help="bring the repository's generated files up to date")
    anew.add_argument(
        "record",
        type=Path,
        metavar="RUN.jsonl",
        nargs="?",
        help="the record of a run of the reference server (default: of the latest run)",
    )
    _add_login(commands)
    init = commands.add_parser(
        "init-profile", help="ask a server a few questions and write a commented profile"
    )
    init.add_argument("--target", required=True, metavar="URL", help="the MCP endpoint")
    init.add_argument(
        "--out", type=Path, metavar="FILE", help="file to write (default: standard output)"
    )
    init.add_argument(
        "--key-env",
        metavar="NAME",
        help="environment variable with a working key: lists the tools too",
    )
    init.add_argument(
        "--key-header",
        metavar="NAME",
        help='header that the key goes into, with a scheme if it has one: "Authorization: Token"',
    )
    return parser


def _add_login(commands: Any) -> None:
    """Declare what ``login`` takes."""
    signing_in = commands.add_parser(
        "login", help="get a tenant's refresh token by its user's consent, for a profile to name"
    )
    signing_in.add_argument("--profile", type=Path, required=True, metavar="FILE")
    signing_in.add_argument(
        "--tenant", required=True, choices=("a", "b", "spare"), help="whose user consents"
    )
    signing_in.add_argument("--target", metavar="URL", help="the MCP endpoint, if another")
    signing_in.add_argument("--state", type=Path, metavar="FILE", help="the server's state file")
    signing_in.add_argument(
        "--no-browser", dest="browser", action="store_false", help="print the URL, and open nothing"
    )
    signing_in.add_argument(
        "--seconds", type=_seconds, default=300.0, help="how long the user has (default: 300)"
    )
    signing_in.add_argument(
        "--forget", action="store_true", help="delete the client that a login registered"
    )


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 < found <= _LONGEST_LOGIN:
        raise argparse.ArgumentTypeError(f"give seconds from 1 to {_LONGEST_LOGIN}")
    return found
