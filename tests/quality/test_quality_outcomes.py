"""Files of results: merged, gone on with after a kill, and refused where they are none."""

import json

import pytest
from benchmarks.quality.outcomes import Key, Outcome, append, begin, keep, read

from gradum.errors import OutputError, TableError

FIRST = Outcome("a", "s", 0, n=800, fit_s=1.5, error=0.25, versions={"numpy": "2"})
SECOND = Outcome("b", "s", 0, failed="timeout of 5 s")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "new" / "results.jsonl"
    begin(path)
    append(path, FIRST)
    append(path, SECOND)
    return path


def test_lines_are_read_as_they_were_written(path):
    assert read([path]) == {FIRST.key: FIRST, SECOND.key: SECOND}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[1] == {"method": "b", "set": "s", "seed": 0, "failed": "timeout of 5 s"}


@pytest.mark.parametrize("half", ['{"method": "c", "se', "{", '{"method": "ç'.encode()[:-1]])
def test_a_half_written_last_line_is_passed_over_and_written_again(path, half):
    with path.open("ab") as file:
        file.write(half if isinstance(half, bytes) else half.encode())
    assert list(read([path])) == [FIRST.key, SECOND.key]
    third = Outcome("c", "s", 0, error=0.5)
    begin(path)
    append(path, third)
    assert read([path]) == {each.key: each for each in (FIRST, SECOND, third)}
    assert len(path.read_text().splitlines()) == 3


def test_a_last_line_that_lacks_only_its_end_is_kept(path):
    path.write_text(path.read_text().rstrip("\n"))
    assert len(read([path])) == 2
    begin(path)
    append(path, Outcome("c", "s", 0, error=0.5))
    assert len(read([path])) == 3


def test_files_are_merged_and_the_first_files_last_line_of_a_fit_counts(path, tmp_path):
    append(path, Outcome("a", "s", 0, error=0.75))
    other = tmp_path / "other.jsonl"
    other.write_text(
        '{"method": "b", "set": "s", "seed": 0, "error": 0.5, "cpu_s": 1, "more": [1]}\n\n'
        '{"method": "c", "set": "s", "seed": 0, "error": NaN}\n'
    )
    found = read([path, other])
    assert found[Key("a", "s", 0)].loss == 0.75
    assert found[Key("b", "s", 0)] == SECOND
    assert found[Key("c", "s", 0)].loss == float("inf")
    assert read([other, path])[Key("b", "s", 0)].loss == 0.5


def test_fits_of_other_sizes_and_splits_are_others(path):
    append(path, Outcome("a", "s", 0, error=0.5, rows=500))
    append(path, Outcome("a", "s", 0, error=0.6, split="time"))
    found = read([path])
    assert found[Key("a", "s", 0)] == found[Key("a", "s", 0, 4000, "random")] == FIRST
    assert found[Key("a", "s", 0, 500)].loss == 0.5
    assert found[Key("a", "s", 0, 4000, "time")].loss == 0.6


def test_what_is_kept_is_short_and_says_machine_and_versions_once(tmp_path):
    about = {"date": "2026-01-02", "machine": "a machine", "versions": {"numpy": "2"}}
    fits = [
        Outcome("a", name, 0, n=9, fit_s=2.0, cpu_s=1.23456, acc=0.5, error=0.123456789, **about)
        for name in ("s", "t", "u")
    ]
    path = tmp_path / "data" / "kept.jsonl"
    keep(path, {fit.key: fit for fit in fits[1:]})
    keep(path, {fits[0].key: fits[0]})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    short = {"method": "a", "seed": 0, "n": 9, "cpu_s": 1.23, "error": 0.123457}
    assert lines[1:] == [{**short, "set": name, "date": "2026-01-02"} for name in ("t", "u")]
    assert lines[0] == {**short, "set": "s", **about}
    assert set(read([path])) == {fit.key for fit in fits}


def test_a_failure_is_kept(tmp_path):
    keep(tmp_path / "kept.jsonl", {SECOND.key: SECOND})
    assert read([tmp_path / "kept.jsonl"]) == {SECOND.key: SECOND}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("method,set", ".*Expecting value"),
        ('{"method": "a", "set": "s"}', "Object missing required field `seed`"),
        ('{"method": "a", "set": "s", "seed": "0"}', "Expected `int`, got `str`"),
    ],
)
def test_a_line_that_is_no_result_is_named(path, line, said):
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(TableError, match=f"Line 3 of .*results.jsonl is no result: {said}"):
        read([path])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TableError, match=r"nothing\.jsonl cannot be read: No such file"):
        read([tmp_path / "nothing.jsonl"])


def test_a_place_that_cannot_be_written_to_is_refused_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written to"):
        begin(tmp_path / "file" / "results.jsonl")
    with pytest.raises(OutputError, match="Name another file by --results"):
        begin(tmp_path)
