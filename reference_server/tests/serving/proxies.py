"""Proxies in front of a server: nginx where it is installed, and always a small one of our own.

``HALLMARK_NGINX`` names the program; where it names none that is there, that is an error.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reference_server.demo.ports import free_port
from reference_server.tests.answering import Silent, answering
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

ADDRESS = "127.0.0.50"
"""From which a proxy comes to the server."""
_TOLD = "X-Forwarded-For"
_NGINX = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{server};
      proxy_bind {address};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


def installed() -> list[str]:
    """Return the proxies that there are: a test of each is made, and none is skipped."""
    named = os.environ.get("HALLMARK_NGINX")
    return ["own", "nginx"] if named or shutil.which("nginx") else ["own"]


@contextmanager
def in_front(kind: str, origin: str, folder: Path) -> Generator[str]:
    """Run a proxy in front of the server at an origin; yield the proxy's own."""
    server = origin.removeprefix("http://")
    with _nginx(server, folder) if kind == "nginx" else _own(server) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _nginx(server: str, folder: Path) -> Generator[int]:
    program = os.environ.get("HALLMARK_NGINX") or "nginx"
    port = free_port("127.0.0.1")
    told = _NGINX.format(folder=folder, port=port, server=server, address=ADDRESS)
    (folder / "nginx.conf").write_text(told, encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert becomes_true(lambda: process.poll() is None and _listens(port)), (
            "nginx does not listen: " + (folder / "log").read_text("utf-8", "replace")
        )
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _own(server: str) -> Generator[int]:
    class Proxy(Silent):
        """Hands requests on, and adds whose they are to what they say of it."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Hand a request on."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            told = [*self.headers.get_all(_TOLD, []), self.client_address[0]]
            line = http.client.HTTPConnection(server, timeout=10, source_address=(ADDRESS, 0))
            try:
                line.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in {_TOLD.lower(), "connection"}:
                        line.putheader(name, value)
                line.putheader(_TOLD, ", ".join(told))
                line.endheaders(body)
                answer = line.getresponse()
                content = answer.read()
            finally:
                line.close()
            self.send_response_only(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with answering(Proxy) as port:
        yield port
