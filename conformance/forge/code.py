"""Source code for a linter: such as every team ships one day, and such as does the same safely."""

from __future__ import annotations

HARMLESS = """
import hashlib
import hmac
import json
import subprocess


def run(program, argument, secret):
    done = subprocess.run(["/usr/bin/env", "true"], check=True, timeout=5)
    digest = hmac.new(secret, argument, hashlib.sha256).hexdigest()
    return json.loads(program), done, digest
"""

DANGEROUS = {
    "a shell with an argument": (
        "import subprocess\n\n\ndef run(name):\n"
        '    return subprocess.run("ls " + name, shell=True)\n'
    ),
    "eval": "def run(text):\n    return eval(text)\n",
    "pickle": "import pickle\n\n\ndef load(data):\n    return pickle.loads(data)\n",
    "yaml.load": "import yaml\n\n\ndef load(data):\n    return yaml.load(data)\n",
    "a weak hash": (
        "import hashlib\n\n\ndef digest(secret):\n    return hashlib.md5(secret).hexdigest()\n"
    ),
    "TLS unverified": (
        "import requests\n\n\ndef get(url):\n"
        "    return requests.get(url, verify=False, timeout=5)\n"
    ),
    "a guessable temporary file": (
        "import tempfile\n\n\ndef name():\n    return tempfile.mktemp()\n"
    ),
}
"""Modules by what is wrong with them: Bandit B602, B307, B301, B506, B324, B501, B306."""
