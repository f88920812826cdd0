"""``python -m conformance.world PART``: starts one of the servers, until it is ended."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.world.downstream import DownstreamApi
from conformance.world.mail import MailProvider

if TYPE_CHECKING:
    from conformance.world.serving import WorldServer


def main() -> int:
    """Serve until Ctrl-C, or until standard input ends where that is asked for."""
    parser = _parser()
    words = parser.parse_args()
    control = words.control.read_text(encoding="utf-8").strip()
    if not control:
        parser.error(f"{words.control} is empty: write a word into it that nobody guesses")
    try:
        with _started(words, control) as server:
            server.serve_until(sys.stdin if words.until_input_ends else None)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        parser.error(f"cannot listen on {words.host}:{words.port} ({error.strerror})")
    except (ValueError, LookupError, TypeError) as error:
        parser.error(f"{words.setup}: {type(error).__name__}: {error}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.world")
    parts = parser.add_subparsers(dest="part", required=True)
    downstream = parts.add_parser(
        "downstream", help="an API for tools to call, which tells what has reached it"
    )
    mail = parts.add_parser("mail", help="a mail provider that delivers nothing, and tells of it")
    issuer = parts.add_parser(
        "issuer", help="an OpenID provider and OAuth authorization server that can be led astray"
    )
    for part in (downstream, mail, issuer):
        part.add_argument("--host", default="127.0.0.1", help="an address of this machine")
        part.add_argument("--port", type=int, default=0, help="0 for any free one")
        part.add_argument(
            "--control",
            type=Path,
            required=True,
            metavar="FILE",
            help="a word in a file: who shows it as a bearer token is told what has come",
        )
        part.add_argument(
            "--until-input-ends", action="store_true", help="end with whoever started this"
        )
    issuer.add_argument(
        "--setup",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON of the users and clients that it knows, and for whom its access tokens are",
    )
    return parser


def _started(words: argparse.Namespace, control: str) -> WorldServer:
    address = (words.host, words.port)
    if words.part == "downstream":
        return DownstreamApi(address, control)
    if words.part == "mail":
        return MailProvider(address, control)
    # Imported here, for it takes twice as long as all the rest.
    from conformance.world.issuer.server import Issuer, read_setup

    return Issuer(address, control, partial(read_setup, words.setup))


if __name__ == "__main__":
    sys.exit(main())
