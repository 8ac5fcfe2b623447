"""The linear rung: least squares or logistic regression under an L2 penalty."""
