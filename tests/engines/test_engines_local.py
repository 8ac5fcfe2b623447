"""Engines do tasks in order, replace workers, try again, and give up in words."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from threading import Event
from types import SimpleNamespace

import pytest

from engine_works import BlasThreads, DiesAsItIsLoaded, Doubled, Threads
from gradum.engines import engine as limits
from gradum.engines import engine_of
from gradum.engines import in_order as tasks
from gradum.engines import local as local_engine
from gradum.engines.executor import OfExecutor
from gradum.engines.in_order import in_order
from gradum.engines.local import Local
from gradum.engines.software import with_same_software
from gradum.errors import EngineError, SpecError, TableError
from gradum.rungs.context import ALONE
from gradum.rungs.training_events import PartitionLate

ITEMS = range(9)
DOUBLED = [2 * item for item in ITEMS]


@pytest.fixture
def local():
    engine = Local(2)
    yield engine
    engine.close()


def done(engine, work, items=ITEMS, most=100):
    return list(in_order(engine, work, items, most=most))


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("most", [1, 2, 100])
def test_results_come_in_the_order_of_the_items(local, most):
    assert done(local, Doubled(), most=most) == DOUBLED
    with ThreadPoolExecutor(3) as threads:
        assert done(OfExecutor(threads), Doubled(), most=most) == DOUBLED
        assert not threads._shutdown


def test_workers_are_other_processes_of_one_thread(local):
    told = done(local, Threads(), range(6))
    assert {threads for _, threads in told} == {1}
    pids = {pid for pid, _ in told}
    assert os.getpid() not in pids
    assert pids <= set(local.processes)
    local.close()
    assert all(map(gone, pids))


def test_a_task_given_up_as_it_is_done_spoils_none_after_it(monkeypatch):
    one, ask, given, first = Local(1), local_engine._Process.ask, Event(), []

    def asked(process, whole, items):
        answer = ask(process, whole, items)
        if items == [1]:
            first.append(process.pid)
            given.wait()
            one.cancel(task)
        return answer

    monkeypatch.setattr(local_engine._Process, "ask", asked)
    with closing(one):
        task = one.submit(Doubled(), [1])
        given.set()
        assert one.result(task, 60).results == [2]
        assert one.result(one.submit(Doubled(), [2]), 60).results == [4]
        assert one.processes != first
    assert gone(first[0])


class Counting:
    """An engine that notes the items of each task, and says that each took so many seconds."""

    def __init__(self, engine, seconds):
        self.engine, self.seconds, self.tasks = engine, seconds, []

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def submit(self, work, items):
        self.tasks.append([*items])
        return self.engine.submit(work, items)

    def result(self, task, seconds):
        done = self.engine.result(task, seconds)
        return done._replace(seconds=self.seconds * len(done.results))


@pytest.mark.parametrize(
    ("seconds", "most", "largest"),
    [(0.1, 1000, 1), (0.03, 1000, 5), (0.0, 1000, 49), (0.0, 7, 6)],
)
def test_items_that_take_little_time_share_tasks(local, seconds, most, largest, monkeypatch):
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 60)  # a process may take longer than 1 s to start
    engine = Counting(local, seconds)
    assert done(engine, Doubled(), range(100), most=most) == [2 * item for item in range(100)]
    assert [item for items in engine.tasks for item in items] == [*range(100)]
    sizes = [len(items) for items in engine.tasks]
    assert sizes[:2] == [1, 1]
    assert max(sizes) == largest
    assert sizes[-1] == 1


def test_no_more_items_are_given_than_may_be(local):
    engine, taken = Counting(local, 0.0), 0
    for _ in in_order(engine, Doubled(), range(100), most=7):
        assert sum(map(len, engine.tasks)) - taken <= 7
        taken += 1
    assert taken == 100


class Silent:
    """An engine of two workers, whose first task is done once others have been given, or never."""

    def __init__(self, waits_for):
        self.waits_for, self.tasks, self.cancelled, self.counted = waits_for, [], [], 0

    @property
    def workers(self):
        self.counted += 1
        return 2

    def submit(self, work, items):
        self.tasks.append(items)
        return items

    def result(self, items, seconds):
        if items[0] == 0 and len(self.tasks) < self.waits_for:
            time.sleep(seconds)
            raise TimeoutError
        return limits.Done([2 * item for item in items], 0.0)

    def cancel(self, items):
        self.cancelled.append(items)

    def locate(self, items):
        return ""


def test_workers_do_not_wait_for_the_first_item(monkeypatch):
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.01)
    engine = Silent(waits_for=2 * tasks.AHEAD)
    assert done(engine, Doubled(), range(20)) == [2 * item for item in range(20)]
    assert [len(items) for items in engine.tasks[: 2 * tasks.AHEAD]] == [1] * 2 * tasks.AHEAD
    engine = Silent(waits_for=3)
    first = next(in_order(engine, Doubled(), range(20), most=3))
    assert (first, len(engine.tasks)) == (0, 3)
    assert engine.cancelled == [range(1, 2), range(2, 3)]


def test_workers_are_not_counted_for_each_task(monkeypatch):
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 60)
    engine = Silent(waits_for=0)
    assert done(engine, Doubled(), range(100), most=4) == [2 * item for item in range(100)]
    assert len(engine.tasks) > 20
    assert engine.counted == 1


def test_a_task_of_several_items_is_waited_for_no_longer_than_one(monkeypatch):
    class NeverSeveral(Silent):
        def result(self, items, seconds):
            if len(items) > 1:
                waited.append(seconds)
                time.sleep(seconds)
                raise TimeoutError
            return super().result(items, seconds)

    waited = []
    monkeypatch.setattr(limits, "TASK_SECONDS", 0.05)
    assert done(NeverSeveral(0), Doubled(), range(40), most=10) == [2 * item for item in range(40)]
    assert 0 < max(waited) <= 0.05


@pytest.mark.parametrize("work", [{"kills": 2}, {"raises": 2}])
def test_items_of_a_task_that_failed_are_given_one_by_one(local, tmp_path, work):
    engine = Counting(local, 0.0)
    items = [*range(10, 30), 3, *range(30, 60)]
    assert done(engine, Doubled(tmp_path, **work), items) == [2 * item for item in items]
    shared = next(several for several in engine.tasks if 3 in several)
    assert len(shared) > 1
    assert all([item] in engine.tasks for item in shared)
    assert len(list(tmp_path.glob("3-*"))) == 3
    with pytest.raises(EngineError, match=r"task of item 3 failed 3 times"):
        done(engine, Doubled(tmp_path, raises=99), items)


def test_a_killed_worker_is_replaced_and_its_task_done_again(local, tmp_path):
    assert done(Counting(local, 1.0), Doubled(tmp_path, kills=2)) == DOUBLED
    assert len(list(tmp_path.glob("3-*"))) == 3
    assert all(len(list(tmp_path.glob(f"{item}-*"))) == 1 for item in ITEMS if item != 3)


def test_a_worker_killed_from_outside_changes_nothing(local):
    before = done(local, Threads(), range(4))
    os.kill(before[0][0], signal.SIGKILL)
    assert done(local, Doubled()) == DOUBLED


@pytest.mark.parametrize(
    ("work", "cause"),
    [
        ({"kills": 9}, "was killed, perhaps because the machine has no memory left on process"),
        ({"raises": 9}, "OSError: the disk is away on process"),
    ],
)
def test_a_task_that_fails_three_times_ends_the_work_in_words(local, tmp_path, work, cause):
    with pytest.raises(EngineError, match=rf"task of item 3 failed 3 times: .*{cause}"):
        done(local, Doubled(tmp_path, **work))
    assert len(list(tmp_path.glob("3-*"))) == 3


def test_workers_that_end_before_they_begin_are_no_failure_of_the_task(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "ATTEMPTS", 1)
    with closing(Local(1)) as one:
        assert done(one, DiesAsItIsLoaded(tmp_path, kills=2)) == DOUBLED
    assert len(list(tmp_path.iterdir())) == 3


def test_they_are_not_replaced_without_end(tmp_path):
    with closing(Local(1)) as one, pytest.raises(EngineError, match=r"failed 3 times: .* killed"):
        done(one, DiesAsItIsLoaded(tmp_path, kills=99), range(1))
    assert len(list(tmp_path.iterdir())) == 3 * local_engine.STARTS


def test_what_a_task_refuses_is_not_tried_again(local, tmp_path):
    with pytest.raises(TableError, match=r"t.parquet is damaged. Copy it anew."):
        done(local, Doubled(tmp_path, refuses=True))
    assert len(list(tmp_path.glob("3-*"))) == 1


@pytest.mark.slow
def test_a_task_that_hangs_is_given_again(local, tmp_path, monkeypatch):
    done(local, Doubled())  # the processes have started
    monkeypatch.setattr(limits, "TASK_SECONDS", 1.5)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "ATTEMPTS", 99)  # a busy machine may start no process in the time
        assert done(local, Doubled(tmp_path, hangs=1)) == DOUBLED
    monkeypatch.setattr(limits, "TASK_SECONDS", 0.2)
    with pytest.raises(EngineError, match=r"item 3 failed 3 times: it was not done in 0.2 s"):
        done(local, Doubled(tmp_path, hangs=9), [3])


@pytest.mark.slow
def test_a_straggler_is_named_while_it_is_waited_for(local, tmp_path, monkeypatch):
    engine = Counting(local, tasks.SECONDS)
    done(engine, Doubled())
    monkeypatch.setattr(limits, "TASK_SECONDS", 1.5)
    monkeypatch.setattr(tasks, "ATTEMPTS", 99)  # a busy machine may start no process in the time
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(tasks, "SLOW_SECONDS", 0.3)
    late = []
    work = Doubled(tmp_path, hangs=1)
    assert list(in_order(engine, work, ITEMS, late=late.append)) == DOUBLED
    late = [straggler for straggler in late if 3 in straggler.items]  # on a busy machine, others
    assert {tuple(straggler.items) for straggler in late} == {(3,)}
    assert re.fullmatch(r"process \d+", late[0].where)
    assert 0.3 < late[0].seconds < late[-1].seconds < 1.6
    assert all(straggler.usual * tasks.SLOW < straggler.seconds for straggler in late)


def test_partitions_of_a_late_task_are_named_from_the_first_to_the_last(monkeypatch):
    class LateOnce:
        workers, late = 1, False

        def submit(self, work, items):
            return items

        def result(self, items, seconds):
            if len(items) > 1 and not self.late:
                self.late = True
                time.sleep(seconds)
                raise TimeoutError
            return limits.Done([2 * item for item in items], 0.0)

        def locate(self, items):
            return "process 7"

    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "SLOW_SECONDS", 0.0)
    told, work = [], SimpleNamespace(named="item {}".format, stage="sums", rows=lambda item: 1)
    context = replace(ALONE, engine=LateOnce(), tell=told.append)
    assert list(context.one_by_one(work, ITEMS)) == DOUBLED
    [late] = [event for event in told if isinstance(event, PartitionLate)]
    assert (late.partition, late.where) == ("item 1 to item 8", "process 7")


def test_a_time_out_of_the_task_s_own_is_an_error_and_no_wait(monkeypatch):
    def times_out(item):
        raise TimeoutError("the store does not answer")

    times_out.named = "item {}".format
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(EngineError, match="3 times: TimeoutError: the store does not answer"),
    ):
        done(OfExecutor(threads), times_out, [3])


@pytest.mark.slow
def test_workers_end_when_whoever_started_them_is_killed():
    code = (
        "import sys, time; from gradum.engines.local import Local\n"
        "from engine_works import Threads\n"
        "engine = Local(1); task = engine.submit(Threads(), [0])\n"
        "print(engine.result(task, 60).results[0][0], flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as caller:
        pid = int(caller.stdout.readline())
        caller.kill()
    for _ in range(100):
        if gone(pid):
            break
        time.sleep(0.1)
    assert gone(pid)


def test_processes_of_an_executor_work_on_one_thread_of_blas():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert done(OfExecutor(processes), BlasThreads(), [0]) == [{1}]


def test_a_broken_executor_is_said(tmp_path):
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
        pytest.raises(EngineError, match="item 3 failed 3 times: a worker of the Executor"),
    ):
        done(OfExecutor(processes), Doubled(tmp_path, kills=1), [3])


def test_engines_have_names():
    with engine_of("local:3") as engine:
        assert engine.workers == 3
    with engine_of(None) as engine:
        assert engine is None
    for name in ("spark://host", "local:0", "local:x", "local:-1", "local:1e3", "", 7):
        with pytest.raises(SpecError), engine_of(name):
            pass


@pytest.mark.parametrize("name", ["Python", "polars", "jax", "jaxlib"])
def test_workers_with_another_version_of_what_computes_are_refused(name):
    class Older:
        closed = False

        def submit(self, work, items):
            return [{**work(item), name: "0.1"} for item in items]

        def result(self, task, seconds):
            return limits.Done(task, 0.0)

        def close(self):
            self.closed = True

    engine = Older()
    with pytest.raises(EngineError, match=rf"workers have {name} 0\.1, and this machine has \d"):
        with_same_software(engine)
    assert engine.closed
