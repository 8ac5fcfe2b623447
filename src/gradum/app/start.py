"""The entry point of ``gradum``: it listens to Ctrl-C before anything slow is imported."""

from __future__ import annotations

import gc
import os
import signal
import sys

LOOKS = (50_000, 20, 20)
"""How much is made between two searches for unused objects: what is imported stays in use, and
Python's own (700, 10, 10) look through all of it again and again, for half a second of a run."""


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, whenever it comes."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing is begun yet
    gc.set_threshold(*LOOKS)
    from gradum.app.interrupt import INTERRUPTED, Interrupt

    signal.signal(signal.SIGINT, Interrupt().handle)
    try:
        from gradum.app.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # or it would break off what tidies at the end
