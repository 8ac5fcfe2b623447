"""Properties of a fitted model in words of its table: read, then proved, refuted or left open."""
