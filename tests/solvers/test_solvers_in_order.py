"""Work side by side: results in the order of the items, few of them at a time, errors in place."""

import threading
import time
from itertools import count

import pytest

from gradum.solvers import in_order as module
from gradum.solvers.in_order import in_order


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 4)


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_results_have_the_order_of_the_items_however_long_each_takes(most):
    def slower_at_first(item):
        time.sleep(0.002 * (item % 3 == 0))
        return item**2

    assert list(in_order(slower_at_first, range(20), most=most)) == [k**2 for k in range(20)]


def test_nothing_comes_of_nothing():
    assert list(in_order(abs, [], most=3)) == []


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


def test_as_many_work_at_a_time_as_there_are_cores():
    together = threading.Barrier(4, timeout=10)
    assert len(list(in_order(lambda _: together.wait(), range(8), most=5))) == 8


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


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_of_what_makes_the_items_is_raised_and_no_other_item_is_begun(error):
    held, begun = threading.Event(), []

    def hold(item):
        begun.append(item)
        held.wait(10)
        return item

    def items():
        yield from range(6)  # four are begun, two wait for a thread
        while len(begun) < 4:
            time.sleep(0.001)
        threading.Timer(0.05, held.set).start()
        raise error

    with pytest.raises(error):
        list(in_order(hold, items(), most=9))
    assert sorted(begun) == [0, 1, 2, 3]


def test_whoever_stops_early_waits_for_what_has_begun_alone():
    begun = []
    results = in_order(lambda item: begun.append(item) or time.sleep(0.01), range(100), most=9)
    next(results)
    results.close()
    assert len(begun) <= 9
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
