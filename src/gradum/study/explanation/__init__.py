"""Explanations of answers: Shapley values, effects, counterfactuals, influence, a surrogate."""
