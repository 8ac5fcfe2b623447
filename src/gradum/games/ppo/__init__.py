"""Proximal policy optimisation: from steps in a game to a policy.

J. Schulman and others, Proximal policy optimization algorithms, 2017.
"""
