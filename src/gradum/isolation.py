"""Functions of native libraries, run in a process of their own within bounds of memory and time.

A file of a few bytes can make such a library ask for more memory than there is, which ends its
process, or compute without end. Here either is an exception, and the caller goes on. The process is
a new Python (`gradum.forks` says why it is not forked), which imports no more than the function's
module.
"""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, cast

from gradum.messages import say

PROGRAM = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from gradum.isolation import serve; serve()"
)
ONE_THREAD = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
YIELDED, RAISED, RETURNED = range(3)


class Bounds(NamedTuple):
    """What a function may take.

    Parameters
    ----------
    memory : int
        Bytes of addresses, libraries among them (up to half a gigabyte); also of a file it writes.
    seconds : int
        Of computing: waiting, such as for a busy machine, does not count.
    """

    memory: int
    seconds: int


class IsolationError(Exception):
    """A function took more than its bounds, or crashed; the message says which."""


def isolated(function: Callable[..., Iterator], *arguments: Any, bounds: Bounds) -> Generator[Any]:
    """Yield what a generator function of a module yields, from a process of its own.

    Windows knows no such bounds; there, only what ends the process is kept apart.

    Parameters
    ----------
    function : callable
        It, its arguments and what it yields are pickled.
    *arguments
    bounds : Bounds

    Raises
    ------
    IsolationError
    Exception
        Whatever the function raises, as a RuntimeError where it cannot be pickled.
    """
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")  # each would reserve addresses
    with subprocess.Popen(
        [sys.executable, "-I", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            _give(process, sys.path, tuple(bounds), (function, arguments))
            kind, value = _answer(process)
            while kind == YIELDED:
                yield value
                kind, value = _answer(process)
            if kind == RAISED:
                raise value
        except MemoryError:
            raise IsolationError(_too_much_memory(bounds)) from None
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
            raise IsolationError(_too_much_memory(bounds)) from None
        except EOFError:
            raise IsolationError(_why(process.wait(), bounds)) from None
        finally:
            process.kill()


def _give(process: subprocess.Popen, *parts: Any) -> None:
    given = cast(BinaryIO, process.stdin)
    with suppress(BrokenPipeError):  # it has ended, as its answer will say
        for part in parts:
            pickle.dump(part, given, pickle.HIGHEST_PROTOCOL)
        given.flush()


def _answer(process: subprocess.Popen) -> tuple[int, Any]:
    try:
        return pickle.load(cast(BinaryIO, process.stdout))
    except pickle.UnpicklingError:  # it ended in the middle of one
        raise EOFError from None


def _why(status: int, bounds: Bounds) -> str:
    if status == -getattr(signal, "SIGXCPU", 0):
        return say("it takes more than {seconds:,} seconds of computing", seconds=bounds.seconds)
    if status == -signal.SIGSEGV:
        return say("the library that works on it crashed")
    return _too_much_memory(bounds)  # Rust and C++ abort where there is none


def _too_much_memory(bounds: Bounds) -> str:
    return say("it takes more than {memory:,.1f} GB of memory", memory=bounds.memory / 1e9)


def serve() -> None:
    """Answer `isolated`: the program of the new process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no answer

    def answer(kind: int, value: Any) -> None:
        answers.write(pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL))
        answers.flush()

    try:
        _bind(Bounds(*pickle.load(sys.stdin.buffer)))
        function, arguments = pickle.load(sys.stdin.buffer)
        for value in function(*arguments):
            answer(YIELDED, value)
        answer(RETURNED, None)
    except BaseException as error:  # a panic of Rust is no Exception
        answer(RAISED, _portable(error))


def _bind(bounds: Bounds) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller hears it, and ends this process
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, most in (
        (resource.RLIMIT_AS, bounds.memory),
        (resource.RLIMIT_FSIZE, bounds.memory),
        (resource.RLIMIT_CPU, bounds.seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = resource.getrlimit(kind)
        given = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        with suppress(ValueError, OSError):  # macOS may refuse a limit of addresses
            resource.setrlimit(kind, (min(most, *given, most), hard))


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(str(error))
    return error
