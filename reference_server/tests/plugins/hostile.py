"""A plugin that does whatever its tool is called: a program of its own, for tests."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

FOREVER = 10**9
CHUNK = "x" * 65536


def main() -> None:
    """Answer the handshake, and then misbehave as it is asked to."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "initialize":
            version = message["params"]["protocolVersion"]
            server = {"name": "hostile", "version": "1"}
            told = {"protocolVersion": version, "capabilities": {}, "serverInfo": server}
            say({"jsonrpc": "2.0", "id": message["id"], "result": told})
        elif message["method"] == "tools/call":
            globals()[message["params"]["name"]](message)


def say(message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def answer(message: dict[str, Any], text: str = "done") -> None:
    result = {"content": [{"type": "text", "text": text}]}
    say({"jsonrpc": "2.0", "id": message["id"], "result": result})


def echo(message: dict[str, Any]) -> None:
    answer(message, json.dumps(message["params"]))


def flood(message: dict[str, Any]) -> None:
    del message
    for _ in range(FOREVER):
        sys.stdout.write(CHUNK)


def flood_lines(message: dict[str, Any]) -> None:
    for number in range(FOREVER):
        say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"n": number}})
    answer(message)


def hang(message: dict[str, Any]) -> None:
    del message
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(FOREVER)  # noqa: TID251 -- hostile on purpose


def fork(message: dict[str, Any]) -> None:
    """Leave the group, twice, and stay; the grandchildren heed no request to end."""
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.fork()
            time.sleep(FOREVER)  # noqa: TID251 -- hostile on purpose
    answer(message)


def bomb(message: dict[str, Any]) -> None:
    """Fork as fast as it goes, for a while."""
    del message
    for _ in range(60):
        if os.fork() == 0:
            for _ in range(3):
                os.fork()
            time.sleep(FOREVER)  # noqa: TID251 -- hostile on purpose
    time.sleep(FOREVER)  # noqa: TID251 -- hostile on purpose


def fill_memory(message: dict[str, Any]) -> None:
    held = [bytearray(1 << 24) for _ in range(FOREVER)]
    answer(message, str(len(held)))


def die(message: dict[str, Any]) -> None:
    del message
    sys.stdout.write('{"jsonrpc": "2.0", "id"')
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def answer_another(message: dict[str, Any]) -> None:
    result = {"content": [{"type": "text", "text": "for somebody else"}]}
    say({"jsonrpc": "2.0", "id": "another", "result": result})
    say({"jsonrpc": "2.0", "id": message["id"] + 1, "result": result})


def talk_on_stderr(message: dict[str, Any]) -> None:
    del message
    for _ in range(FOREVER):
        sys.stderr.write(CHUNK)


def babble(message: dict[str, Any]) -> None:
    """Say what is no message, is none that a client expects, or is a request: with the secret."""
    secret = os.environ["SECRET"]
    sys.stdout.write(f"no JSON at all {secret}\n[1, 2]\n")
    say({"jsonrpc": "2.0", "secret": secret})
    say({"jsonrpc": "1.0", "id": 1, "result": secret})
    say({"jsonrpc": "2.0", "method": f"notifications/{secret}", "params": {"a": secret}})
    say({"jsonrpc": "2.0", "method": "notifications/message", "params": secret})
    say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": secret}})
    say({"jsonrpc": "2.0", "id": secret, "method": "sampling/createMessage", "params": {"x": 1}})
    say({"jsonrpc": "2.0", "id": secret, "method": secret, "params": {}})
    answer(message)


def break_the_form(message: dict[str, Any]) -> None:
    result = {"content": os.environ["SECRET"], "isError": "perhaps"}
    say({"jsonrpc": "2.0", "id": message["id"], "result": result})


def refuse(message: dict[str, Any]) -> None:
    error = {"code": -32603, "message": f"no, not with {os.environ['SECRET']}"}
    say({"jsonrpc": "2.0", "id": message["id"], "error": error})


if __name__ == "__main__":
    main()
