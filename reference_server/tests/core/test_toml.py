"""Files of an operator's that are no TOML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.core.errors import ConfigurationError
from reference_server.core.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[a]\nb = "é"\n', "utf-8")
    assert read_toml(path, "plugins", "--plugins") == {"a": {"b": "é"}}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r"cannot be read \(No such file .*\): name another by --plugins\."),
        (b"\xff", r"cannot be read \(it is not UTF-8\): name another by --plugins\."),
        (b"x = ", "is not TOML: "),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"The plugins file {path} {complaint}"):
        read_toml(path, "plugins", "--plugins")
