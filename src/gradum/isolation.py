"""Functions of native libraries, run in a separate process within bounds of memory and time.

A file of a few bytes can make such a library ask for more memory than there is, which ends its
process, or compute without end. Here, both become exceptions, and the caller goes on. The process
is a new Python (`gradum.forks` says why it is not forked) that imports only the function's module.
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
CRASHED = (-signal.SIGSEGV, 0xC0000005)  # the latter on Windows
YIELDED, RAISED, RETURNED = range(3)


class Bounds(NamedTuple):
    """The memory and time that a function may use."""

    memory: int
    """Bytes of address space, including libraries (up to half a gigabyte); also of a file it
    writes."""
    seconds: int
    """Seconds of computing; waiting, for example on a busy machine, does not count."""


class IsolationError(Exception):
    """A function exceeded its bounds, or crashed; the message says which."""


def isolated(function: Callable[..., Iterator], *arguments: Any, bounds: Bounds) -> Generator[Any]:
    """Yield what a module's generator function yields, from a separate process.

    Windows has no such bounds; there, the separate process only protects the caller from crashes.

    Parameters
    ----------
    function : callable
        The function, its arguments and what it yields are pickled.
    *arguments

    Raises
    ------
    IsolationError
    Exception
        Whatever the function raises, or a RuntimeError if that cannot be pickled.
    """
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")  # each thread would reserve addresses
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
    with suppress(OSError):  # the process has ended, as its answer will show
        for part in parts:
            pickle.dump(part, given, pickle.HIGHEST_PROTOCOL)
        given.flush()


def _answer(process: subprocess.Popen) -> tuple[int, Any]:
    try:
        return pickle.load(cast(BinaryIO, process.stdout))
    except pickle.UnpicklingError:  # the process ended in the middle of an answer
        raise EOFError from None


def _why(status: int, bounds: Bounds) -> str:
    if status == -getattr(signal, "SIGXCPU", 0):
        return say("it takes more than {seconds:,} seconds of computing", seconds=bounds.seconds)
    if status in CRASHED:
        return say("the library that works on it crashed")
    return _too_much_memory(bounds)  # Rust and C++ abort if there is no memory


def _too_much_memory(bounds: Bounds) -> str:
    return say("it takes more than {memory:,.1f} GB of memory", memory=bounds.memory / 1e9)


def serve() -> None:
    """Answer `isolated`: the program of the new process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is not an answer

    def answer(kind: int, value: Any) -> None:
        answers.write(pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL))
        answers.flush()

    try:
        _bind(Bounds(*pickle.load(sys.stdin.buffer)))
        function, arguments = pickle.load(sys.stdin.buffer)
        for value in function(*arguments):
            answer(YIELDED, value)
        answer(RETURNED, None)
    except BaseException as error:  # a Rust panic is not an Exception
        answer(RAISED, portable(error))


def _bind(bounds: Bounds) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller gets it, and ends this process
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
        with suppress(ValueError, OSError):  # macOS may refuse a limit on addresses
            resource.setrlimit(kind, (min(most, *given, most), hard))


def portable(error: BaseException) -> BaseException:
    """Return an exception as it is, or what it says if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(str(error))
    return error
