"""Whether a model still holds on new rows."""
