"""Whether a model still holds: new rows against what was learned."""
