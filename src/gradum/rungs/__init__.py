"""The rungs: a folder for each kind, and what they share."""
