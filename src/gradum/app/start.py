"""The entry point of ``gradum``: it listens to Ctrl-C before anything slow is imported."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, whenever it comes."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing is begun yet
    from gradum.app.interrupt import INTERRUPTED, Interrupt

    signal.signal(signal.SIGINT, Interrupt().handle)
    try:
        from gradum.app.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # or it would break off what tidies at the end
