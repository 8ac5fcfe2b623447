"""What results are called, in words: answers, effects, explanations, names made visible."""
