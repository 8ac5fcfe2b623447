"""The entry point of ``gradum``, which listens to Ctrl-C before anything slow is imported."""

from __future__ import annotations

import gc
import os
import signal
import sys

LOOKS = (50_000, 20, 20)
"""How many objects are made between two garbage collections: imported objects stay in use, and
Python's default (700, 10, 10) scans all of them again and again, which costs a run half a second.
"""


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, whenever it comes."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing has begun yet
    gc.set_threshold(*LOOKS)
    from gradum.app.interrupt import INTERRUPTED, Interrupt

    signal.signal(signal.SIGINT, Interrupt().handle)
    try:
        from gradum.app.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # or it would cut off the final cleanup
