"""Checkpoints in memory, and the end of a process that nothing survives."""


class Kept:
    """Keeps every rung, and the last snapshot of each place."""

    def __init__(self):
        self.rungs, self.snapshots = {}, {}

    def rung(self, place):
        return self.rungs.get(place)

    def snapshot(self, place):
        return self.snapshots.get(place)

    def keep_rung(self, place, rung):
        self.rungs[place] = rung

    def offer(self, place, take, **_):
        self.snapshots[place] = take()


class Killed(BaseException):
    """Nothing is done after a SIGKILL."""
