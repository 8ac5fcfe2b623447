"""Real clusters of Ray and Dask give the bits of a fit without one, though workers are killed."""

import os
import signal
import sys

import pytest
from msgspec import structs

import gradum
from engine_works import BlasThreads, Doubled, Threads
from gradum.engines import dask as on_dask
from gradum.engines import engine_of, software
from gradum.engines.in_order import in_order
from gradum.errors import EngineError, TableError
from gradum.rungs.training_events import PartitionDone, Passed
from streamed_bits import (
    LINEAR,
    folds_learned,
    lanes_learned,
    learned,
    members_learned,
    table,
    write_parts,
)

ray = pytest.importorskip("ray")
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def dask_cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp://", "dask://")


@pytest.fixture(scope="module")
def ray_cluster():
    with pytest.MonkeyPatch.context() as patched:  # workers find the works of the tests
        patched.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield "ray"
    ray.shutdown()


@pytest.fixture(scope="module", params=["ray", "dask"])
def cluster(request):
    """The name of a cluster of two workers."""
    return request.getfixturevalue(f"{request.param}_cluster")


@pytest.fixture(scope="module")
def engine(cluster):
    """Its engine."""
    with engine_of(cluster) as engine:
        yield engine


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def here(files):
    return learned(files, "label")


def done(engine, work, items=range(9)):
    return list(in_order(engine, work, items))


def test_tasks_come_in_order_and_compute_on_one_thread(engine):
    assert engine.workers == 2
    assert done(engine, Doubled()) == [2 * item for item in range(9)]
    assert done(engine, BlasThreads(), [0]) == [{1}]
    assert os.getpid() not in {pid for pid, _ in done(engine, Threads())}


def test_a_killed_worker_s_task_is_done_again(engine, tmp_path):
    assert done(engine, Doubled(tmp_path, kills=1)) == [2 * item for item in range(9)]
    with pytest.raises(EngineError, match="task of item 3 failed 3 times: "):
        done(engine, Doubled(tmp_path / "none", raises=9), [3])
    with pytest.raises(TableError, match=r"t.parquet is damaged"):
        done(engine, Doubled(refuses=True))


def test_quick_tasks_that_are_given_up_end_nothing(engine):
    for _ in range(30):
        with pytest.raises(TableError):
            done(engine, Doubled(refuses=True))
        assert next(in_order(engine, Doubled(), range(100))) == 0


def test_a_fit_has_the_bits_of_one_without_an_engine(engine, files, here):
    assert learned(files, "label", engine) == here


def test_lanes_folds_and_members_have_the_bits_of_none(engine, files):
    assert lanes_learned(files, engine) == lanes_learned(files)
    assert folds_learned(engine) == folds_learned(None)
    assert members_learned(engine) == members_learned()


@pytest.fixture(scope="module")
def model():
    return gradum.fit(table(600), "label", model="linear", linear=LINEAR)


def test_evaluation_watch_and_explanation_are_those_of_no_engine(cluster, files, model):
    rows, few = str(files / "p*.parquet"), table(20, seed=1)
    one, two = (model.evaluate(rows, on=on) for on in (None, cluster))
    assert structs.replace(one, differences=()) == structs.replace(two, differences=())
    one, two = (model.watch(rows, stream=True, on=on).found for on in (None, cluster))
    assert one == two
    one, two = (model.explain(few, on=on).frame for on in (None, cluster))
    assert one.equals(two)


def test_a_worker_killed_in_the_midst_of_a_pass_changes_no_bit(engine, files, here):
    passes, killed = [], []

    def tell(event):
        if isinstance(event, Passed):
            passes.append(event)
        if isinstance(event, PartitionDone) and event.done == 1 and passes and not killed:
            killed.append(min(pid for pid, _ in done(engine, Threads(), range(4))))
            os.kill(killed[0], signal.SIGKILL)

    assert learned(files, "label", engine, tell) == here
    assert killed


def test_a_cluster_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(on_dask, "CONNECTING_SECONDS", 1)
    with (
        pytest.raises(EngineError, match=r"No scheduler of Dask answers at 'localhost:1' within 1"),
        engine_of("dask://localhost:1"),
    ):
        pass


def test_workers_of_another_version_are_refused(dask_cluster, monkeypatch):
    monkeypatch.setattr(software, "version", lambda name: "9.9")
    with (
        pytest.raises(EngineError, match=r"workers have gradum .*, and this machine has 9.9"),
        engine_of(dask_cluster),
    ):
        pass
