"""Modules of the lab in Node: one process runs a program over them and answers in JSON."""

import json
import subprocess

from gradum.show.page.bundle import script
from node import NODE


def answered_by(modules, program, given=None):
    """Return what the ``answer`` of a program is; it has the modules and ``given``."""
    lines = (
        f"{script(*(f'lab/page/{name}' for name in modules))}const given = {json.dumps(given)};\n"
        "const asLists = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);\n"
        f"{program}\nprocess.stdout.write(JSON.stringify(answer, asLists));"
    )
    command = [NODE, "--disallow-code-generation-from-strings", "-"]
    ended = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
