"""Properties of a fitted model, in terms of its table: read, then proved, refuted or left open."""
