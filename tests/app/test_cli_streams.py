"""Output streams that are closed, slow or short of letters, which do not end a command."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradum.app.cli import main, streams
from gradum.errors import DiskError

INSPECT = f"exec {sys.executable} -c 'from gradum.app.start import main; main()' inspect "


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table whose columns have letters that ASCII and Latin-1 lack."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "t.csv").write_text("größe,日本,y😀\n1,2,a\n3,4,b\n4,5,a\n", encoding="utf-8")
    return folder


def shell(place, words, **environment):
    return subprocess.run(
        words, shell=True, cwd=place, capture_output=True, env={**os.environ, **environment}
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "err"),
    [
        ("t.csv --json >&- <&-", 0, b""),
        ("nowhere.csv >&- 2>&-", 2, b""),
    ],
)
def test_closed_streams_end_nothing(words, code, err, place):
    ended = shell(place, INSPECT + words)
    assert (ended.returncode, ended.stderr) == (code, err)


@pytest.mark.slow
def test_letters_that_the_encoding_lacks_are_written_as_codes(place):
    ended = shell(place, INSPECT + "t.csv", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert rb"gr\xf6\xdfe" in ended.stdout


def test_a_closed_descriptor_is_not_given_to_a_file(place):
    code = (
        "import os\nfrom gradum.app.cli import streams\n"
        "os.close(2)\nstreams.lasting()\nprint(open('new', 'w').fileno())"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True)
    assert int(ended.stdout) > 2


@pytest.fixture
def broken_pipe(monkeypatch):
    """Standard output, of which nobody reads more than is read by then."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        patched.setattr(sys, "__stdout__", stream)
        yield


@pytest.mark.usefixtures("broken_pipe")
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_run_goes_on_when_nobody_reads_any_more(how, tables, tmp_path, monkeypatch):
    words = ["fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2]
    words += ["--no-learning-curve", "-o", tmp_path / "run", *how]
    monkeypatch.setattr(sys, "argv", ["gradum", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"model.gradum", "report.html"} <= names
    assert ".gradum-run" not in names


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_at_the_end(monkeypatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        patched.setattr(sys, "__stdout__", full)
        output = streams.lasting()
        for _ in range(3):
            print("something", flush=True)
        with pytest.raises(DiskError, match=r"no space is left\. Free some space"):
            output.check()


def test_a_reader_who_is_slow_is_waited_for():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(reader, "rb") as read, streams.Lasting(writer, "w") as raw:
        filled = 0
        while (written := io.FileIO.write(raw, bytes(4096))) is not None:
            filled += written
        assert len(read.read(4096)) == 4096
        assert raw.write(b"the rest") == 8
        assert raw.refused is None
        assert read.read(filled - 4096 + 8).endswith(b"the rest")


@pytest.mark.skipif(not hasattr(os, "eventfd"), reason="no descriptor that refuses four bytes")
@pytest.mark.parametrize("windows", [True, False])
def test_what_windows_says_of_a_reader_who_has_gone_is_no_failure_there(windows, monkeypatch):
    if windows:
        monkeypatch.setattr(streams, "GONE", (errno.EPIPE, errno.EINVAL))
    with streams.Lasting(os.eventfd(0), "w") as raw:
        assert raw.write(b"1234") == 4  # of which Linux says EINVAL
        assert (raw.refused is None) == windows


@pytest.mark.slow
def test_json_in_another_encoding_is_ascii(place):
    ended = shell(place, INSPECT + "t.csv --json", PYTHONIOENCODING="cp1252")
    assert ended.stdout.isascii()
    names = [column["name"] for column in json.loads(ended.stdout)["columns"]]
    assert names == ["größe", "日本", "y😀"]
