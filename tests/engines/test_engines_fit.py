"""A fit on an engine: the bits of a fit without one, whatever happens to workers and files."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep

import polars as pl
import pytest
from sklearn.naive_bayes import GaussianNB

import gradum
from gradum.engines import engine_of
from gradum.engines import in_order as tasks
from gradum.errors import SpecError, TableError
from gradum.run.events.events import RungStarted
from gradum.run.options.options import make_spec
from gradum.run.source import rows_in_blocks, second_pass
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.rungs.context import ALONE, OutOfTime
from gradum.rungs.training_events import PartitionDone, Passed
from gradum.solvers.solution import ChunkDone, EpochDone, Status
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.stream import BLOCK_ROWS, Stream
from gradum.tables.table import Table
from kept_in_memory import Kept, Killed
from streamed_bits import (
    PARTITIONS,
    ROWS,
    folds_learned,
    lanes_learned,
    learned,
    members_learned,
    table,
    write_parts,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def here(files):
    """What a fit without an engine learns."""
    return {target: learned(files, target) for target in ("label", "amount")}


@pytest.fixture(scope="module")
def two():
    """An engine whose two processes start once."""
    with engine_of("local:2") as engine:
        yield engine


@pytest.mark.slow
@pytest.mark.parametrize("target", ["label", "amount"])
def test_two_workers_give_the_bits_of_none(files, here, target, two):
    assert learned(files, target, two) == here[target]


def test_so_do_threads_of_an_executor(files, here):
    with ThreadPoolExecutor(3) as threads, engine_of(threads) as engine:
        assert learned(files, "label", engine) == here["label"]


@pytest.mark.slow
def test_workers_that_are_killed_and_replaced_change_no_bit(files, here, two):
    """One is killed in the first pass, one between two passes, one in the midst of one."""
    killed = []

    def kill():
        killed.append(next(pid for pid in two.processes if pid not in killed))
        os.kill(killed[-1], signal.SIGKILL)

    def tell(event):
        first = isinstance(event, PartitionDone) and event.done == 1
        if first and not killed:
            kill()
        if isinstance(event, Passed) and event.passes == 1:
            kill()
        if first and len(killed) == 2 and event.stage == "sums":
            kill()

    assert learned(files, "label", two, tell) == here["label"]
    assert len(killed) == 3


@pytest.mark.slow
def test_a_run_whose_driver_is_killed_goes_on_after_its_last_pass(files, here, two):
    kept, passes = Kept(), []

    def die_after_two(event):
        if isinstance(event, Passed) and event.passes == 2:
            raise Killed

    with pytest.raises(Killed):
        learned(files, "label", two, die_after_two, checkpoints=kept)
    assert len(kept.passes) == 2
    assert learned(files, "label", two, passes.append, checkpoints=kept) == here["label"]
    measured = [event for event in passes if getattr(event, "stage", "") == "sums"]
    of_all = len(kept.passes) * PARTITIONS
    assert len(measured) == of_all - 2 * PARTITIONS > 0


@pytest.mark.slow
def test_each_pass_tells_how_far_it_is(files, two):
    for engine in (None, two):
        events = []
        learned(files, "amount", engine, events.append)
        done = [event for event in events if isinstance(event, PartitionDone)]
        for stage in ("survey", "encoding", "sums"):
            of_stage = [event for event in done if event.stage == stage]
            assert [each.done for each in of_stage[:PARTITIONS]] == [1, 2, 3, 4, 5]
            assert {each.partitions for each in of_stage} == {PARTITIONS}
        assert next(event.rows for event in done if event.done == PARTITIONS) == ROWS


def test_rows_are_encoded_again_where_their_file_is_not(files, here, two, monkeypatch):
    folders = []
    divide = second_pass.divide_across

    def divide_and_forget(encoding, folder, context):
        held = divide(encoding, folder, context)
        for file in folder.glob("*.rows"):
            file.unlink()
        folders.append(folder)
        return held

    monkeypatch.setattr(rows_in_blocks, "divide_across", divide_and_forget)
    assert learned(files, "label", two) == here["label"]
    assert not folders[0].exists()


def test_a_file_that_changes_between_passes_is_refused_by_name(files, tmp_path, two):
    for file in files.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    for engine in (None, two):
        (tmp_path / "p1.parquet").write_bytes((files / "p1.parquet").read_bytes())
        with opened(str(tmp_path / "p*.parquet")) as rows:
            spec = make_spec("label", model="linear", blocks=True, max_memory=2**30)
            context = replace(ALONE, engine=engine)
            described = RowsInBlocks(rows).describe(Asked(spec), context)
            table(90, seed=1).write_parquet(tmp_path / "p1.parquet")
            with (
                pytest.raises(TableError, match=r"p1\.parquet has changed since the run began"),
                described.divide(context),
            ):
                pass
            (tmp_path / "p1.parquet").unlink()
            with pytest.raises(TableError, match=r"p1\.parquet is not where .* it is gone"):
                list(rows.blocks())


def test_partitions_cover_all_rows_and_name_their_row_groups(files):
    with opened(str(files / "p*.parquet")) as rows:
        assert [part.start for part in rows.partitions] == [
            block * BLOCK_ROWS for block in range(5)
        ]
        assert rows.partitions[-1].stop == len(rows) == ROWS
        whole = pl.concat([block.frame for block in rows.blocks()])
        parts = [block.frame for part in rows.partitions for block in rows.blocks(rows=part)]
        assert pl.concat(parts).equals(whole)
        assert rows.named(rows.partitions[1]) == (
            "p0.parquet, rows 65,537 to 90,000 (row groups 2–3), "
            "p1.parquet, rows 1 to 100 (row groups 1) and "
            "p2.parquet, rows 1 to 40,972 (row groups 1–2)"
        )


@pytest.mark.parametrize(
    ("blocks", "partitions", "rows"), [(1, 1, 10), (64, 64, 10), (65, 33, 20), (10_000, 1_250, 80)]
)
def test_the_number_of_partitions_depends_on_that_of_blocks(blocks, partitions, rows, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_ROWS", 10)
    head = Table(pl.DataFrame({"x": [1.0]}), "t")
    parts = Stream(head, (), (10 * blocks,)).partitions
    assert (len(parts), len(parts[0])) == (partitions, rows)


@pytest.mark.slow
def test_folds_are_tasks_and_have_the_bits_of_none(two):
    kept = Kept()
    here = folds_learned(None, checkpoints=kept)
    assert len(here) == 3 * 2
    for place in list(kept.rungs)[::2]:  # the others are not fitted again
        del kept.rungs[place]
    events = []
    assert folds_learned(two, tell=events.append, checkpoints=kept) == here
    assert not any(isinstance(event, EpochDone) for event in events)  # of fits in this process


def test_a_table_stays_in_memory_where_only_a_pack_learns_and_says_what_is_a_task():
    many, wanted = table(1_200), "networks of the ensemble are tasks of the engine"
    for how in ({"model": "pack"}, {"blocks": False}, {"refit": True}):
        assert wanted in gradum.foresee(many, "label", on="local:1", **how).sentence
    assert "fits of all folds" in gradum.foresee(many, "label", on="local:1", cv=2).sentence
    assert "read twice" in gradum.foresee(many, "label", on="local:1").sentence


@pytest.mark.slow
def test_lanes_have_the_same_bits_though_a_worker_is_killed(files, two):
    here, rounds = lanes_learned(files), []

    def tell(event):
        if isinstance(event, ChunkDone):
            rounds.append(event.step)
            if len(rounds) == 2:
                os.kill(two.processes[0], signal.SIGKILL)

    assert lanes_learned(files, two, tell=tell) == here
    assert rounds == list(range(1, len(rounds) + 1)) > [1]


@pytest.fixture(scope="module")
def members_here():
    return members_learned()


@pytest.mark.slow
def test_members_are_tasks_and_have_the_bits_of_none(two, members_here):
    assert members_learned(two) == members_here
    with engine_of("local:1") as one:
        assert members_learned(one) == members_here


@pytest.mark.slow
def test_members_have_the_same_bits_though_a_worker_is_killed_amid_an_epoch(
    two, members_here, monkeypatch
):
    """The worker that is at the first task of the third epoch."""
    submit, epochs, killed = two.submit, [], []

    def begin(work, items):
        task = submit(work, items)
        if len(epochs) == 2 and not killed:
            while not two.locate(task):
                sleep(0.001)
            killed.append(int(two.locate(task).removeprefix("process ")))
            os.kill(killed[0], signal.SIGKILL)
        return task

    def tell(event):
        if isinstance(event, EpochDone):
            epochs.append(event.epoch)

    monkeypatch.setattr(two, "submit", begin)
    assert members_learned(two, tell=tell) == members_here
    assert killed
    assert not set(killed) & set(two.processes)


@pytest.mark.slow
def test_more_lanes_than_partitions_are_refused(files):
    spec = {"model": "mlp", "blocks": True, "max_memory": "1GB"}
    with pytest.raises(SpecError, match=r"has 5 partitions .*, too few for 9 lanes"):
        gradum.fit(str(files / "p*.parquet"), "label", lanes=9, **spec)
    with pytest.raises(SpecError, match=r"Lanes share out a table in blocks"):
        gradum.fit(table(300), "label", model="mlp", lanes=2)


def test_an_engine_is_refused_where_it_has_nothing_to_do(files):
    many = table(1_200)
    for wrong in ({"blocks": False}, {"refit": True}):
        with pytest.raises(SpecError, match="fitted once, where an engine has nothing to do"):
            gradum.fit(many, "label", on="local:1", model="linear", **wrong)
    for wrong in ({"time_limit": 60}, {"teacher": GaussianNB()}):
        with pytest.raises(SpecError, match="engine"):
            gradum.fit(many, "label", on="local:1", model="pack", **wrong)
    for wrong in ({"teacher": GaussianNB()}, {"time_limit": 60}):
        with pytest.raises(SpecError, match="engine"):
            gradum.fit(many, "label", on="local:1", cv=2, **wrong)
    with pytest.raises(SpecError, match="no engine 'spark'"):
        gradum.fit(table(300), "label", on="spark")


def test_a_run_that_is_stopped_waits_for_no_fold(two, monkeypatch):
    # It ends what its workers are at, and so stands last: no other starts new ones.
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.001)
    stopped = []

    def tell(event):
        if isinstance(event, RungStarted) and event.rung == "mlp":
            stopped.append(event)

    learned = folds_learned(two, tell=tell, stop=lambda: bool(stopped))
    assert [name for name, _ in learned] == ["baseline"]


def stopped_amid(epoch, engine, monkeypatch):
    """What members learned who are told to stop once the tasks of an epoch were given."""
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.001)
    submit, events, told = engine.submit, [], []

    def begin(work, items):
        if items[0].draws and len(events) == epoch - 1:
            told.append(items)
        return submit(work, items)

    monkeypatch.setattr(engine, "submit", begin)
    return members_learned(engine, tell=events.append, stop=lambda: bool(told))


@pytest.mark.slow
def test_a_pack_that_is_stopped_amid_an_epoch_is_that_of_the_epochs_before(two, monkeypatch):
    events = []
    here = members_learned(tell=events.append, stop=lambda: len(events) == 1)
    assert stopped_amid(2, two, monkeypatch) == here


@pytest.mark.slow
def test_one_that_is_stopped_amid_the_first_is_as_it_began(two, monkeypatch):
    _, course, ended = stopped_amid(1, two, monkeypatch)
    assert (course, ended) == ([], (Status.INTERRUPTED, 0))


def test_a_pack_that_is_stopped_before_it_learns_learns_nothing(two, monkeypatch):
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.0)
    with pytest.raises(OutOfTime):
        members_learned(two, stop=lambda: True)
