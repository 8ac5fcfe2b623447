"""Engines do tasks in order, replace workers, try again, and give up in words."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from engine_works import BlasThreads, Doubled, Threads
from gradum.engines import engine as limits
from gradum.engines import engine_of
from gradum.engines import in_order as tasks
from gradum.engines.executor import OfExecutor
from gradum.engines.in_order import in_order
from gradum.engines.local import Local
from gradum.errors import EngineError, SpecError, TableError

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


def test_a_killed_worker_is_replaced_and_its_task_done_again(local, tmp_path):
    assert done(local, Doubled(tmp_path, kills=2)) == DOUBLED
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


def test_what_a_task_refuses_is_not_tried_again(local, tmp_path):
    with pytest.raises(TableError, match=r"t.parquet is damaged. Copy it anew."):
        done(local, Doubled(tmp_path, refuses=True))
    assert len(list(tmp_path.glob("3-*"))) == 1


def test_a_task_that_hangs_is_given_again(local, tmp_path, monkeypatch):
    done(local, Doubled())  # the processes have started
    monkeypatch.setattr(limits, "TASK_SECONDS", 1.5)
    assert done(local, Doubled(tmp_path, hangs=1)) == DOUBLED
    monkeypatch.setattr(limits, "TASK_SECONDS", 0.2)
    with pytest.raises(EngineError, match=r"item 3 failed 3 times: it was not done in 0.2 s"):
        done(local, Doubled(tmp_path, hangs=9), [3])


def test_a_straggler_is_named_while_it_is_waited_for(local, tmp_path, monkeypatch):
    done(local, Doubled())
    monkeypatch.setattr(limits, "TASK_SECONDS", 1.5)
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(tasks, "SLOW_SECONDS", 0.3)
    late = []
    assert list(in_order(local, Doubled(tmp_path, hangs=1), ITEMS, late=late.append)) == DOUBLED
    assert {straggler.item for straggler in late} == {3}
    assert re.fullmatch(r"process \d+", late[0].where)
    assert 0.3 < late[0].seconds < late[-1].seconds < 1.6
    assert all(straggler.usual * tasks.SLOW < straggler.seconds for straggler in late)


def test_a_time_out_of_the_task_s_own_is_an_error_and_no_wait(monkeypatch):
    def times_out(item):
        raise TimeoutError("the store does not answer")

    times_out.named = "item {}".format
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(EngineError, match="3 times: TimeoutError: the store does not answer"),
    ):
        done(OfExecutor(threads), times_out, [3])


def test_workers_end_when_whoever_started_them_is_killed():
    code = (
        "import sys, time; from gradum.engines.local import Local\n"
        "from engine_works import Threads\n"
        "engine = Local(1); task = engine.submit(Threads(), 0)\n"
        "print(engine.result(task, 60)[0], flush=True); time.sleep(60)"
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
