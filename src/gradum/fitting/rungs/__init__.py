"""A file for each kind of rung, and what they share."""
