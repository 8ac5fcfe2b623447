"""Counterfactuals: the least change of a row that changes its answer."""
