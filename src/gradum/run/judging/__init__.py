"""How good the rungs are: scores, a verdict, and what is said of them."""
