"""Commands on workbooks, databases, archives and addresses: fitted, repeated, refused."""

import contextlib
import html
import importlib
import json
import sqlite3
import zipfile

import pytest

import servers
from command_line import run
from gradum.ship.run_spec import read_spec
from synthetic import task
from workbooks import write_xlsx

FIT = ["-t", "amount", "--model", "linear", "--cv", 2, "--no-learning-curve", "-q"]
QUERY = "SELECT * FROM homes"


def frame(target="amount"):
    return task(target, 60)


def as_sqlite(path, rows=None):
    rows = frame() if rows is None else rows
    names = ", ".join(f'"{name}"' for name in rows.columns)
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE homes ({names})")
        connection.execute("CREATE TABLE other (x)")
        marks = ", ".join("?" * rows.width)
        connection.executemany(f"INSERT INTO homes VALUES ({marks})", rows.rows())
        connection.commit()
    return path


def as_workbook(path, rows=None):
    rows = frame() if rows is None else rows
    write_xlsx(path, {"Homes": [rows.columns, *map(list, rows.rows())], "Notes": [["x"], [1]]})
    return path


def as_archive(path, rows=None):
    rows = frame() if rows is None else rows
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("homes.csv", rows.write_csv())
    return path


WRITTEN = {
    "homes.sqlite": (as_sqlite, ["--query", QUERY]),
    "homes.xlsx": (as_workbook, ["--sheet", "Homes"]),
    "homes.zip": (as_archive, []),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_a_run_of_a_source_is_recorded_and_repeated(name, tmp_path, monkeypatch):
    write, words = WRITTEN[name]
    table, folder = write(tmp_path / name), tmp_path / "run"
    monkeypatch.chdir(tmp_path)
    ended = run("fit", table, *words, *FIT, "-o", folder)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    spec = read_spec(folder / "spec.toml")
    assert spec.data == str(table)
    assert list(spec.sha256) == [str(table)]
    option = {"--query": "query", "--sheet": "sheet"}.get(words[0]) if words else None
    if option is not None:
        assert getattr(spec.spec.reading, option) == words[1]

    again = run("rerun", folder, "-o", tmp_path / "again")
    assert again.code == 0
    assert "bit-identical" in again.out
    assert run("report", folder, "--slice", frame().columns[1]).code == 0
    assert run("predict", folder, table, *words, "-o", tmp_path / "p.csv").code == 0
    assert run("evaluate", folder, table, *words, "--json").code == 0

    write(table, frame()[:50])
    changed = run("report", folder, "--slice", frame().columns[1])
    assert changed.code == 2
    assert f"{table} has changed or gone" in changed.err
    assert not list(tmp_path.glob(".gradum-*"))


@pytest.mark.slow
def test_a_source_and_the_plain_file_are_understood_alike(tmp_path):
    for name, (write, words) in WRITTEN.items():
        table = write(tmp_path / name, frame("label"))
        ended = run("inspect", table, *words, "-t", "label", "--json")
        assert ended.code == 0
        kinds = {c["name"]: (c["kind"], c["role"]) for c in json.loads(ended.out)["columns"]}
        frame("label").write_csv(tmp_path / "t.csv")
        plain = json.loads(run("inspect", tmp_path / "t.csv", "-t", "label", "--json").out)
        expected = {c["name"]: (c["kind"], c["role"]) for c in plain["columns"]}
        if name == "homes.sqlite":  # which has no booleans
            expected["member"] = ("numeric", "feature")
        assert kinds == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["homes.sqlite", "homes.xlsx"])
def test_a_source_that_is_read_in_blocks(name, tmp_path):
    write, words = WRITTEN[name]
    folder = tmp_path / "run"
    fit = ["-t", "amount", "--model", "linear", "--no-learning-curve", "-q", "--blocks"]
    table = write(tmp_path / name, task("amount", 400))
    assert run("fit", table, *words, *fit, "-o", folder).err == ""
    assert run("report", folder, "--slice", frame().columns[1]).code == 0


@pytest.mark.slow
def test_rough_input_leaves_one_line_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_sqlite(tmp_path / "d.sqlite")
    as_workbook(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "x\n1\n")
        archive.writestr("b.csv", "x\n1\n")
    before = sorted(tmp_path.iterdir())
    cases = {
        ("b.xlsx", "--sheet", "Hoems"): "no sheet 'Hoems'. Choose among 'Homes', 'Notes'.",
        ("b.xlsx",): "2 sheets with a table: 'Homes', 'Notes'",
        ("two.zip",): "two.zip holds 2 tables: 'a.csv', 'b.csv'",
        ("d.sqlite",): "d.sqlite holds 2 tables: 'homes', 'other'",
        ("d.sqlite", "--query", "SELECT 1; SELECT 2"): "more than one statement",
        ("d.sqlite", "--query", "DELETE FROM homes"): "not 'DELETE'",
        ("d.sqlite", "--query", "SELECT * FROM homes WHERE 0"): "returns no rows",
        ("d.sqlite", "--query", "SELECT absent FROM homes"): "no such column: absent",
        ("d.sqlite", "--query", QUERY, "--sheet", "x"): "--sheet is for workbooks",
        ("http://example.com/a.csv",): "http://",
        ("mysql://u:s3cret@h/d",): "no table from mysql:// addresses",
    }
    cases["a.csv", "--test", "https://example.com/b.csv"] = "read from this machine alone"
    for words, message in cases.items():
        for command in ("fit", "inspect") if "--test" not in words else ("fit",):
            ended = run(command, *words, "-t", "amount")
            assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), words
            assert message in ended.err
            assert "s3cret" not in ended.err
    assert sorted(tmp_path.iterdir()) == before


def secrets_in(folder):
    """The files that hold the password of the tests' server."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if servers.PASSWORD.encode() in path.read_bytes()]


@servers.needs_postgresql
@pytest.mark.usefixtures("whole_reports")
def test_a_run_of_a_server_is_read_again_only_when_it_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address, folder, column = servers.ADDRESS, tmp_path / "run", frame().columns[1]
    servers.fill("homes", frame())
    query = ["--query", "SELECT * FROM homes -- all"]
    ended = run("fit", address, *query, *FIT[:-1], "-o", folder)
    assert (ended.code, ended.err) == (0, "")
    assert servers.PASSWORD not in ended.out
    spec = read_spec(folder / "spec.toml")
    assert (spec.data, list(spec.sha256)) == (servers.SHOWN, [servers.SHOWN])
    assert f"gradum fit {servers.SHOWN} " in html.unescape((folder / "report.html").read_text())

    for words in (
        ["rerun", folder],
        ["report", folder, "--slice", column],
        ["compare", folder, folder],
    ):
        ended = run(*words)
        assert (ended.code, ended.err.count("\n")) == (2, 1), words
        assert f"{servers.SHOWN}, which is read again only when it is named" in ended.err
    named = ["--data", address]
    assert run("report", folder, "--slice", column, *named).code == 0
    assert run("compare", folder, folder, *named).code == 0
    again = run("rerun", folder, *named, "-o", tmp_path / "again")
    assert (again.code, "bit-identical" in again.out) == (0, True)
    assert run("predict", folder, address, *query, "-o", tmp_path / "p.csv").code == 0

    servers.fill("homes", frame()[:50])
    ended = run("report", folder, "--slice", column, *named)
    assert ended.code == 2
    assert f"{servers.SHOWN} now gives different ones" in ended.err
    again = run("rerun", folder, *named, "-o", tmp_path / "other")
    assert again.code == 3
    assert f"{servers.SHOWN} has changed since" in again.out
    assert secrets_in(tmp_path) == []


@servers.needs_postgresql
def test_an_interrupted_run_of_a_server(tmp_path, monkeypatch):
    """It is resumed from the address that is named again, if that gives the same rows."""
    servers.fill("homes", frame())
    folder = tmp_path / "run"

    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importlib.import_module("gradum.api.resume"), "save_run", cut)
        fit = ["fit", servers.ADDRESS, "--query", QUERY, *FIT, "--checkpoint-every", 0.001]
        assert run(*fit, "-o", folder).code == 130
    assert secrets_in(tmp_path) == []
    assert "is read again only when it is named" in run("resume", folder, "-q").err
    assert run("resume", folder, "--data", servers.ADDRESS, "-q").code == 0
    assert (folder / "report.html").exists()
    assert secrets_in(tmp_path) == []
