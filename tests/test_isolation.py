"""Functions in a process of their own: what they yield and raise, and nothing else."""

import ctypes
import os
import sqlite3
import subprocess

import pytest

from gradum.isolation import Bounds, IsolationError, isolated

AMPLE = Bounds(memory=2**30, seconds=20)


def test_what_a_function_yields_and_raises_comes_back():
    assert list(isolated(range, 3, bounds=AMPLE)) == [0, 1, 2]
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        list(isolated(sqlite3.connect, "/nosuch/folder/x.db", bounds=AMPLE))


def test_what_a_library_prints_is_no_answer():
    assert list(isolated(map, print, ["a", "b"], bounds=AMPLE)) == [None, None]


def test_a_caller_that_has_enough_leaves_no_process(monkeypatch):
    begun, begin = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **k: begun.append(begin(*a, **k)) or begun[0]
    )
    answers = isolated(map, print, range(10**9), bounds=AMPLE)
    assert next(answers) is None
    assert begun[0].poll() is None
    answers.close()
    assert begun[0].poll() is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "argument", "words"),
    [
        (bytearray, 10**11, "takes more than 1.1 GB of memory"),
        (max, range(10**15), "takes more than 1 seconds of computing"),
        (ctypes.string_at, 0, "the library that works on it crashed"),
        (os._exit, 0, "takes more than"),
    ],
)
def test_what_ends_a_process_is_an_exception(function, argument, words):
    with pytest.raises(IsolationError, match=words):
        list(isolated(function, argument, bounds=AMPLE._replace(seconds=1)))
