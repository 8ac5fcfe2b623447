"""A command in a process of its own, which is interrupted if nobody waits for it any longer."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

import anyio
from anyio.abc import ByteReceiveStream, Process

from gradum.app.interrupt import INTERRUPTED

PROGRAM = (sys.executable, "-P", "-c", "from gradum.app.start import main; main()")
"""The command line. With -P, no file of the folder is imported as if it were a package."""
LONGEST_LINE = 2**25  # bytes; what is longer is cut
LAST_BYTES = 4_000  # of standard error
GRACE_SECONDS = 10.0  # for what an interrupted command is writing

_AT_WORK: set[Process] = set()


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    """Its exit code; the negative number of the signal that ended it, if one did."""
    said: str
    """The end of what it wrote to standard error."""


async def ended(
    words: Sequence[str],
    folder: Path,
    given: bytes,
    hear: Callable[[bytes], Awaitable[None]],
    program: Sequence[str] = PROGRAM,
) -> Ended:
    """Run a command in a folder to its end.

    Parameters
    ----------
    words : sequence of str
        Of the command line.
    folder : path
    given : bytes
        Its standard input.
    hear : callable
        Is told each line of its standard output.
    program : sequence of str
        What runs commands.
    """
    with TemporaryFile() as standard_input, TemporaryFile() as said:
        standard_input.write(given)
        standard_input.seek(0)
        process = await anyio.open_process(
            [*program, *words],
            stdin=standard_input,
            stderr=said,
            cwd=folder,
            start_new_session=True,  # so that it ends with all that it has started
        )
        assert process.stdout is not None
        _AT_WORK.add(process)
        try:
            async for line in _lines(process.stdout):
                await hear(line)
            code = await process.wait()
        finally:
            _AT_WORK.discard(process)
            await _end(process)
        said.seek(max(said.seek(0, os.SEEK_END) - LAST_BYTES, 0))
        return Ended(code, said.read().decode(errors="replace"))


def leave(*_: object) -> NoReturn:
    """End this process by a signal, whatever it waits for, and interrupt its commands."""
    for process in _AT_WORK:
        with suppress(ProcessLookupError):
            _interrupt(process)
    os._exit(INTERRUPTED)


def _interrupt(process: Process) -> None:
    """Do what Ctrl-C does, where processes can be told so."""
    process.send_signal(signal.SIGINT) if os.name == "posix" else process.terminate()


async def _lines(stream: ByteReceiveStream) -> AsyncIterator[bytes]:
    begun = bytearray()
    async for piece in stream:
        *whole, rest = piece.split(b"\n")
        for part in whole:
            yield bytes(begun + part)
            begun.clear()
        begun += rest
        del begun[LONGEST_LINE:]
    if begun:
        yield bytes(begun)


async def _end(process: Process) -> None:
    """Interrupt a command that is still at work, and kill it if it does not end soon."""
    with anyio.CancelScope(shield=True), suppress(ProcessLookupError):
        if process.returncode is None:
            _interrupt(process)
        with anyio.move_on_after(GRACE_SECONDS) as waiting:
            await process.aclose()  # closes its output, for which nobody waits any longer
        if waiting.cancelled_caught and os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
