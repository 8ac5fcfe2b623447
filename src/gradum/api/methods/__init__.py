"""The methods of `Model`, a file for each kind of question.

Each function is a method of `Model`, which names it in its body. What a prediction does not need is
imported where it is asked for.
"""
