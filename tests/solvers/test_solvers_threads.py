"""Small problems have BLAS to themselves, in one thread."""

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info

from gradum.solvers.threads import SMALL, threads_for


def test_a_small_problem_has_one_thread_and_a_large_one_those_it_had():
    def threads():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    scipy.linalg.eigh(np.eye(2))
    before = threads()
    with threads_for(SMALL, 1):
        assert set(threads()) == {1}
    with threads_for(SMALL + 1, 1):
        assert threads() == before
    assert threads() == before
