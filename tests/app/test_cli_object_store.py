"""Runs on tables of a store of objects: recorded, repeated when named, and no secret anywhere."""

import importlib

import pytest

from command_line import run
from gradum.ship.run_spec import read_spec
from object_store import SECRET, Store, serving
from synthetic import task

FIT = ["-t", "amount", "--model", "linear", "--cv", 2, "--no-learning-curve"]
ADDRESS = "s3://runs/homes/part-*.csv"


def put(rows=60):
    frame = task("amount", rows)
    Store.objects["runs/homes/part-0.csv"] = frame[:30].write_csv().encode()
    Store.objects["runs/homes/part-1.csv"] = frame[30:].write_csv().encode()


@pytest.fixture(scope="module")
def environment():
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def store(environment, monkeypatch, tmp_path):
    put()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_a_run_of_a_store_is_read_again_only_when_it_is_named(tmp_path):
    folder = tmp_path / "run"
    ended = run("fit", ADDRESS, *FIT, "-o", folder)
    assert (ended.code, ended.err) == (0, "")
    assert SECRET not in ended.out
    spec = read_spec(folder / "spec.toml")
    assert (spec.data, list(spec.sha256), spec.versions) == (ADDRESS, [ADDRESS], {})

    before = len(Store.asked)
    for words in (["rerun", folder], ["report", folder, "--slice", "city"], ["explain", folder]):
        ended = run(*words)
        assert (ended.code, ended.err.count("\n")) == (2, 1), words
    assert len(Store.asked) == before
    again = run("rerun", folder, "--data", ADDRESS, "-o", tmp_path / "again")
    assert (again.code, "bit-identical" in again.out) == (0, True)
    predicted = run("predict", folder, ADDRESS, "-o", tmp_path / "p.csv")
    assert predicted.code == 0

    put(50)
    ended = run("report", folder, "--slice", "city", "--data", ADDRESS)
    assert (ended.code, f"{ADDRESS} now gives different ones" in ended.err) == (2, True)
    again = run("rerun", folder, "--data", ADDRESS, "-o", tmp_path / "other")
    said = " ".join(again.out.split())
    assert (again.code, f"{ADDRESS} has changed since" in said) == (3, True)


def test_an_interrupted_run_of_a_store(tmp_path, monkeypatch):
    folder = tmp_path / "run"

    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importlib.import_module("gradum.api.resume"), "save_run", cut)
        fit = ["fit", ADDRESS, *FIT, "-q", "--checkpoint-every", 0.001]
        assert run(*fit, "-o", folder).code == 130
    assert "is read again only when it is named" in run("resume", folder, "-q").err
    put(50)
    ended = run("resume", folder, "--data", ADDRESS, "-q")
    assert (ended.code, f"{ADDRESS} now gives different ones" in ended.err) == (2, True)
    put()
    assert run("resume", folder, "--data", ADDRESS, "-q").code == 0


def test_refusals_are_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for address, words in (
        ("s3://no-bucket/t.parquet", "no bucket 'no-bucket'"),
        ("s3://status-403/*.csv", "does not let you"),
        (f"s3://key:{SECRET}@runs/t.csv", "s3://runs/t.csv holds a user"),
        ("s3://runs/absent-*.csv", "No file matches"),
    ):
        ended = run("fit", address, "-t", "amount")
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert words in ended.err
        assert SECRET not in ended.err
    assert list(tmp_path.iterdir()) == []
