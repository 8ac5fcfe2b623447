"""Checkpoints in memory, and the end of a process that nothing survives."""


class Kept:
    """Keeps every rung, all passes, and the last snapshot of each place."""

    def __init__(self):
        self.rungs, self.snapshots, self.passes = {}, {}, {}

    def rung(self, place):
        return self.rungs.get(place)

    def snapshot(self, place):
        return self.snapshots.get(place)

    def keep_rung(self, place, rung):
        self.rungs[place] = rung

    def sums(self, place, number):
        return self.passes.get((place, number))

    def keep_sums(self, place, number, sums):
        self.passes[place, number] = {name: array.copy() for name, array in sums.items()}

    def offer(self, place, take, **_):
        self.snapshots[place] = take()


class Killed(BaseException):
    """Nothing is done after a SIGKILL."""
