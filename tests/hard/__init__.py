"""Odd files to read, made anew from a seed. No test is collected here; tests and longer searches import it."""
