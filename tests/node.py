"""Node for tests: modules of models are asked for answers by one process of it for many tests."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from gradum.ship.forms.javascript.file import answered, asked

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="No Node: see .ci/run for how to install it.")
FOLDER = tempfile.TemporaryDirectory(prefix="gradum-node-")


def module_file(data):
    """Write a module to a file of its own."""
    path = Path(tempfile.mkstemp(suffix=".mjs", dir=FOLDER.name)[1])
    path.write_bytes(data)
    return path


@cache
def _checking():
    check = Path(str(files("gradum.ship.forms.javascript") / "check.mjs"))
    return subprocess.Popen([NODE, str(check)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def answers_by_node(data, raw, shapes):
    """What a module answers to raw columns."""
    process = _checking()
    process.stdin.write(asked(module_file(data), raw))
    process.stdin.flush()
    return answered(process.stdout.readline(), shapes)


def said_by(data, expression):
    """The value of an expression of JavaScript, in which ``own`` is a module."""
    script = (
        f"import * as own from {json.dumps(module_file(data).as_uri())};"
        f"console.log(JSON.stringify({expression}));"
    )
    command = [NODE, "--disallow-code-generation-from-strings", "--input-type=module"]
    ended = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def predicted(data, rows):
    """What a module predicts for rows, each a dict that JSON can hold."""
    return said_by(data, f"own.predict(JSON.parse({json.dumps(json.dumps(rows))}))")
