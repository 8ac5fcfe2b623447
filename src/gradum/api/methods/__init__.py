"""What a `Model` can be asked: its methods, a file for each kind of question.

Each function is a method of `Model`, which names it in its body. What a prediction does not need is
imported where it is asked for.
"""
