"""Whatever lies in a folder that gradum did not write is there afterwards, bit for bit."""

from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.api import make_spec
from gradum.errors import GradumError, OutputError
from gradum.files import archive
from gradum.files.lock import held
from gradum.run.machine import this_machine
from gradum.ship import state_folder, unfinished
from gradum.ship.layout import FILES, STATE
from gradum.ship.run_spec import RunSpec
from gradum.ship.unfinished import Unfinished
from gradum.tables.formats import parquet
from gradum.tables.sources.open_stream import opened

RUN = Unfinished(RunSpec("t.csv", make_spec("y")), this_machine(), 30.0)
STRANGE = (
    "notes.txt",
    "fit-linear.checkpoint",
    "training.checkpoint",
    "run.toml.bak",
    "scratch/.gradum-abcdefgh/0.parquet",
    ".gradum-notahexn-run.toml",
    ".gradum-0123abcd-notes.txt",
    ".gradum-abcdefgh/notes.txt",
    ".gradum-abcdefgh/deep/0.parquet",
    ".gradum-too-long-name/0.parquet",
    "checkpoint/run.toml",
)
"""Names that look like gradum's, but are none of its own."""
LIKE_OURS = (
    *("run.toml", "lock", "lock/run.toml", ".gradum-abcdefgh", ".gradum-abcdefgh/0.parquet"),
    *(".gradum-0123abcd-run.toml", ".gradum-0123abcd-fit-mlp.checkpoint"),
)
"""Names that gradum gives within its own folder, which these folders are not."""
AROUND = (
    *("train.py", "checkpoint/model.pt", "checkpoint/lock", "scratch/.gradum-abcdefgh/0.parquet"),
    *(STATE, ".gradum-0123abcd-report.html", ".gradum-notahexn-report.html", *FILES, *STRANGE),
)


@contextmanager
def a_folder():
    with TemporaryDirectory() as folder:
        yield Path(folder) / "run"


def strewn(folder, contents):
    """Write files as far as no other has taken their place, and return what was written."""
    for name, content in contents.items():
        path = folder / name
        with suppress(FileExistsError, NotADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(content)
    there = [folder / name for name in contents if (folder / name).is_file()]
    return {path: path.read_bytes() for path in there}


def everything_a_run_does_with_its_folder(folder, *, force):
    """Begin a run, be killed, take it up, end it; and clean up after another."""
    with suppress(GradumError):
        unfinished.remove_leftovers(folder)
    with suppress(GradumError, ZeroDivisionError), unfinished.begun(folder, RUN, force=force):
        checkpoint(folder / STATE / "fit-pack.checkpoint")
        _ = 1 / 0
    with suppress(GradumError), unfinished.taken_up(folder):
        unfinished.end(folder)
    with suppress(GradumError):
        unfinished.remove_leftovers(folder)


def checkpoint(path):
    said = {"format": 1, "run": RUN.identity, "place": path.stem, "content": "{}"}
    archive.write(path, said, {"x": np.zeros(3)})


def files_of(*names):
    content = st.binary(max_size=12) | st.sampled_from([b"4711", b"PK\5\6" + bytes(18)])
    return st.dictionaries(st.sampled_from(names), content, max_size=5)


@settings(max_examples=50, deadline=None)
@given(files_of(*AROUND, *(f"{STATE}/{name}" for name in (*STRANGE, *LIKE_OURS))), st.booleans())
def test_foreign_files_are_left_as_they_are(contents, force):
    with a_folder() as folder:
        before = strewn(folder, contents)
        everything_a_run_does_with_its_folder(folder, force=force)
        assert {path: path.read_bytes() for path in before} == before
        after = {path for path in folder.rglob("*") if path.is_file()} if before else set()
        assert after == set(before)


@settings(max_examples=30, deadline=None)
@given(files_of(*AROUND[: -len(STRANGE)], *(f"{STATE}/{name}" for name in STRANGE)), st.booleans())
def test_foreign_files_among_those_of_a_killed_run_are_left_and_the_others_go(contents, force):
    contents.pop(STATE, None)
    with a_folder() as folder:
        with suppress(ZeroDivisionError), unfinished.begun(folder, RUN):
            _ = 1 / 0
        left = {".gradum-0killed_/0.parquet": b"", ".gradum-00000000-run.toml": b"half"}
        strewn(folder / STATE, left)
        before = strewn(folder, contents)
        everything_a_run_does_with_its_folder(folder, force=force)
        assert {path: path.read_bytes() for path in before} == before
        assert {path for path in folder.rglob("*") if path.is_file()} == set(before)


def test_what_is_in_the_way_is_named(tmp_path):
    state = tmp_path / STATE
    strewn(tmp_path, {f"{STATE}/lock": b"4711", f"{STATE}/notes.txt": b"mine"})
    with pytest.raises(OutputError, match=r"holds lock, which gradum did not write\. Move"):
        unfinished.begun(tmp_path, RUN, force=True).__enter__()
    (state / "lock").write_text("gradum 4711\n")
    with pytest.raises(OutputError, match=r"holds notes\.txt, which gradum did not write"):
        unfinished.begun(tmp_path, RUN, force=True).__enter__()
    (state / "notes.txt").unlink()
    (tmp_path / ".gradum-0123abcd-report.html").touch()
    with pytest.raises(OutputError, match=r"report\.html is a file that a process was writing"):
        unfinished.begun(tmp_path, RUN, force=True).__enter__()


@pytest.mark.parametrize("name", [STATE, f"{STATE}/lock", f"{STATE}/run.toml", "report.html"])
def test_links_are_not_followed(name, tmp_path):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    before = strewn(elsewhere, {"lock": b"gradum 1\n", "fit-mlp.checkpoint": b"", "run.toml": b"a"})
    path = folder / name
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere if name == STATE else elsewhere / "run.toml")
    with pytest.raises(OutputError, match=r"is a symbolic link, which gradum does not follow"):
        unfinished.begun(folder, RUN, force=True).__enter__()
    everything_a_run_does_with_its_folder(folder, force=True)
    assert {each: each.read_bytes() for each in elsewhere.iterdir()} == before
    assert path.is_symlink()


def test_a_link_that_came_into_an_unfinished_run_is_not_followed(tmp_path):
    with suppress(ZeroDivisionError), unfinished.begun(tmp_path / "run", RUN):
        _ = 1 / 0
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run" / STATE / "training.checkpoint").symlink_to(tmp_path / "mine")
    with pytest.raises(OutputError, match=r"training\.checkpoint is a symbolic link"):
        unfinished.taken_up(tmp_path / "run").__enter__()


def test_a_run_that_ended_between_two_looks_keeps_its_files(tmp_path, monkeypatch):
    """Two processes ask for one folder; the other is done before this one holds it."""
    claim = unfinished.claim_folder

    def overtaken(path, **how):
        if path.name == STATE:
            (tmp_path / "run" / "model.gradum").write_text("the other's")
        return claim(path, **how)

    monkeypatch.setattr(unfinished, "claim_folder", overtaken)
    with pytest.raises(OutputError, match="not empty"), unfinished.begun(tmp_path / "run", RUN):
        raise AssertionError
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["model.gradum"]


def test_what_a_killed_run_wrote_of_large_row_groups_is_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_BYTES", 100)
    pl.DataFrame({"a": range(200), "b": range(200)}).write_parquet(tmp_path / "table.parquet")
    state = tmp_path / "state"
    state.mkdir()
    with held(state / "lock"), opened(tmp_path / "table.parquet", state) as rows:
        assert all(state in file.parents for file in rows.files)
        state_folder.refuse_foreign(state)
        state_folder.clear_scratch(state)
        assert [path.name for path in state.iterdir()] == ["lock"]
