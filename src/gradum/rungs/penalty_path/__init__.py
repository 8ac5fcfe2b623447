"""Penalties of linear models, each judged on rows that it has not learned from."""
