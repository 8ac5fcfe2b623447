"""Processes that begin with the libraries: forks of one that has imported them, but no gradum.

An edited copy of the package needs a process of its own. One that starts anew takes three seconds
to import NumPy, JAX, polars and the others, as long as most of what it is then asked to do.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

LIBRARIES = (
    *("altair", "jax", "jax.numpy", "jinja2", "polars", "pytest", "rich.console", "typer.main"),
    *("safetensors.numpy", "scipy.optimize", "scipy.sparse", "scipy.stats", "sklearn.ensemble"),
)

SERVER = """
import importlib, json, os, sys

for library in sys.argv[1:]:
    importlib.import_module(library)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
for place, (name, how) in enumerate(asked["files"]):
    os.dup2(os.open(name, how), place)
os.chdir(asked["folder"])
os.environ["PYTHONPATH"] = os.pathsep.join(asked["path"])
sys.path[:0] = asked["path"]
sys.argv = ["-c", *asked["arguments"]]
exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
"""


def run_in_fork(code, *arguments, folder, path):
    """Run code in a folder, in a process that imports from this path first; return how it ended."""
    path, arguments = [os.fspath(each) for each in path], [os.fspath(each) for each in arguments]
    if sys.platform != "linux":
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    with tempfile.TemporaryDirectory() as streams:
        out, err = Path(streams, "out"), Path(streams, "err")
        asked = {
            "code": code,
            "arguments": arguments,
            "folder": os.fspath(folder),
            "path": path,
            "files": [
                (os.devnull, os.O_RDONLY),
                *((os.fspath(each), os.O_WRONLY | os.O_CREAT) for each in (out, err)),
            ],
        }
        server = _server()
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        ended = int(server.stdout.readline())
        return subprocess.CompletedProcess([], ended, out.read_text(), err.read_text())


@cache
def _server():
    """Start the process that forks, which ends with this one."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, *LIBRARIES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # JAX warns of every fork
        text=True,
    )
    atexit.register(server.communicate)
    return server
