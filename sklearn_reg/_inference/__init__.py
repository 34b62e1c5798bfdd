"""Inference after a fit: each method in a file, on rows as `rows` gives them."""
