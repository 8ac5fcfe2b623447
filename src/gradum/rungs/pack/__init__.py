"""The packed ensemble: many small networks trained as one program, the best of them kept."""
