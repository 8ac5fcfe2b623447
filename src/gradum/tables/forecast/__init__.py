"""Series that go on: a table of them becomes rows of an origin, a step ahead and what was known."""
