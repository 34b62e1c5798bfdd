"""Checks of what a user passes: numbers, arrays, parameters, labels."""
