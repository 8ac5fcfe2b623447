"""Turns of threads, BLAS's threads as one setting of the process, and results in order."""

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

import gradum
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.wide import begin_wide
from gradum.solvers import threads as module
from gradum.solvers.driver import solve
from gradum.solvers.rows_to_learn import Validation
from gradum.solvers.threads import (
    SMALL,
    at_once,
    between_turns,
    in_order,
    one_thread_if_free,
    threads_for,
    turn,
)

WORKERS, STEPS = 6, 8


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 4)


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_results_have_the_order_of_the_items_however_long_each_takes(most):
    def slower_at_first(item):
        time.sleep(0.002 * (item % 3 == 0))
        return item**2

    assert list(in_order(slower_at_first, range(20), most=most)) == [k**2 for k in range(20)]


@pytest.mark.usefixtures("four_cores")
def test_nothing_comes_of_nothing():
    assert list(in_order(abs, [], most=3)) == []
    assert at_once(abs, []) == []


@pytest.fixture(params=[0, 1, 3], ids="{} free".format)
def staying(monkeypatch, request):
    """Three threads that stay, of which some are free."""
    done = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3 - request.param):
            pool.submit(done.wait)
        monkeypatch.setattr(module, "_staying", lambda: pool)
        yield
        done.set()


@pytest.mark.usefixtures("staying")
def test_threads_that_stay_and_the_caller_keep_the_order_and_raise_errors():
    def slower_at_first(item):
        time.sleep(0.002 * (item % 3 == 0))
        return 1 / item

    assert at_once(slower_at_first, range(1, 20)) == [1 / k for k in range(1, 20)]
    with pytest.raises(ZeroDivisionError):
        at_once(slower_at_first, range(20))


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_items_are_taken_than_may_wait(most):
    taken = []

    def endless():
        for item in count():
            taken.append(item)
            yield item

    results = in_order(abs, endless(), most=most)
    for place in range(10):
        assert next(results) == place
        assert len(taken) == place + most
    results.close()


@pytest.mark.usefixtures("four_cores")
def test_as_many_work_at_a_time_as_there_are_cores():
    together = threading.Barrier(4, timeout=10)
    assert len(list(in_order(lambda _: together.wait(), range(8), most=5))) == 8


@pytest.mark.usefixtures("four_cores")
def test_an_error_is_raised_where_its_result_would_be():
    begun = []

    def divide(item):
        begun.append(item)
        return 6 / item

    results = in_order(divide, [3, 2, 0, 1, 6, 5, 4, 3, 2, 1], most=2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) <= 4


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_of_what_makes_the_items_is_raised_and_no_other_item_is_begun(error, monkeypatch):
    held, begun = threading.Event(), []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, **how):
            held.set()
            super().shutdown(**how)

    def hold(item):
        begun.append(item)
        held.wait(10)
        return item

    def items():
        yield from range(6)  # four are begun, two wait for a thread
        while len(begun) < 4:
            time.sleep(0.001)
        raise error

    monkeypatch.setattr(module, "ThreadPoolExecutor", Pool)
    with pytest.raises(error):
        list(in_order(hold, items(), most=9))
    assert sorted(begun) == [0, 1, 2, 3]


@pytest.mark.usefixtures("four_cores")
def test_whoever_stops_early_waits_for_what_has_begun_alone():
    begun = []
    results = in_order(lambda item: begun.append(item) or time.sleep(0.01), range(100), most=9)
    next(results)
    results.close()
    assert len(begun) <= 9
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def blas_has_three_threads():
    """A number of its own, on whatever machine; it must be there at the end as well."""
    scipy.linalg.eigh(np.eye(2))
    (before,) = threads()
    _set(3)
    yield
    after = threads()
    _set(before)
    assert after == {3}


def _set(number):
    """For all threads: threadpoolctl lets nobody else set it as long as who did so last lives."""
    thread = threading.Thread(target=threadpool_limits, args=(number, "blas"))
    thread.start()
    thread.join()


def test_a_small_problem_has_one_thread_and_a_large_one_those_it_had():
    with threads_for(SMALL, 1):
        assert threads() == {1}
    with threads_for(SMALL + 1, 1):
        assert threads() == {3}


class Failed(Exception):
    pass


@pytest.mark.parametrize(("rows", "seen"), [(40, {1}), (SMALL, {3})])
def test_few_validation_rows_are_scored_in_one_thread(rows, seen):
    noted = []

    def forward(params, inputs):
        noted.append(threads())
        return np.zeros((1, 1))

    network = SimpleNamespace(widths=(2, 1), forward=forward)
    data = SimpleNamespace(rows=rows, inputs=None)
    validation = Validation(data, monitor=np.sum)
    assert validation.score({}, SimpleNamespace(network=network)) == 0
    assert noted == [seen]
    assert threads() == {3}


def fit(chance, seen, *, fails=False):
    """What a fit does: steps under the process's threads, sections with one, and events."""
    for step in range(STEPS):
        seen.append((3, threads()))
        if chance.random() < 0.5:
            with threads_for(10, 10):
                time.sleep(0.002 * chance.random())
                seen.append((1, threads()))
                if fails and step > 2:
                    raise Failed
        yield step
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_fits_in_threads_see_the_threads_that_they_see_alone(seed):
    barrier = threading.Barrier(WORKERS)

    def work(number):
        chance, seen = random.Random(f"{seed} {number}"), []

        def hear(step):
            time.sleep(0.002 * chance.random())
            if number == 1 and step == STEPS // 2:
                raise Failed

        barrier.wait()
        try:
            with turn():
                solve(fit(chance, seen, fails=number == 0), between_turns(hear))
        except Failed:
            assert number in (0, 1)
        return seen

    with ThreadPoolExecutor(WORKERS) as pool:
        for seen in pool.map(work, range(WORKERS)):
            assert len(seen) > 2
            assert [found for _, found in seen] == [{expected} for expected, _ in seen]


def test_whoever_does_not_wait_has_one_thread_unless_another_computes():
    def inside():
        with one_thread_if_free():
            return threads()

    with ThreadPoolExecutor(1) as other:
        assert inside() == {1}
        with turn():
            assert inside() == {1}  # the same turn
            assert other.submit(inside).result(timeout=10) == {3}
        assert threads() == {3}


def test_whoever_hears_an_event_may_wait_for_a_fit_in_another_thread():
    steps = []

    def other():
        with turn():
            return solve(fit(random.Random(1), []))

    with ThreadPoolExecutor(1) as pool:

        def hear(step):
            assert len(pool.submit(other).result(30)) > 2
            steps.append(step)

        with turn():
            solve(fit(random.Random(0), []), between_turns(hear))
    assert len(steps) == STEPS


def test_a_waiting_fit_gets_its_turn_before_another_one_ends():
    order, barrier = [], threading.Barrier(2)

    def work(name):
        def steps():
            for _ in range(30):
                order.append(name)
                time.sleep(0.001)
                yield

        barrier.wait()
        with turn():
            solve(steps(), between_turns(lambda _: None))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, "ab"))
    assert sum(a != b for a, b in itertools.pairwise(order)) > 3


def test_a_turn_within_a_turn_is_the_same():
    with turn(), turn(), threads_for(1, 1):
        assert threads() == {1}


rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 5))
Y = X[:, 0] - X[:, 1] + rng.normal(size=20_000)
FEW = PackSpec(members=2, folds=2, epochs=1, hidden_layer_sizes=(4,), most_codes=4, wide=1.0)


def linear():
    found = gradum.LogisticRegression(alpha=0.01).fit(X, Y > 0)
    return [found.coef_, found.intercept_, np.array(found.loss_)]


def pack():
    model = gradum.PackRegressor(pack=FEW, random_state=0).fit(X[:60, :3], Y[:60])
    return [model.rung_.params["wide"], model.predict(X[:60, :3])]


def test_fits_side_by_side_come_to_the_bits_that_they_come_to_alone(monkeypatch):
    alone, begun, done = [*pack(), *linear()], threading.Event(), threading.Event()

    def beginning(*arguments):
        begun.set()
        done.wait(0.3)  # in which the other fit would be through, with one thread of BLAS
        begin_wide(*arguments)

    def beside():
        assert begun.wait(60)
        found = linear()
        done.set()
        return found

    monkeypatch.setattr("gradum.rungs.pack.fit.begin_wide", beginning)
    with ThreadPoolExecutor(2) as pool:
        fits = pool.submit(pack), pool.submit(beside)
        together = [array for fit in fits for array in fit.result()]
    for said, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(said, expected)
