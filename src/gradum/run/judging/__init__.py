"""The judgement of the rungs: scores, a verdict, and sentences about both."""
