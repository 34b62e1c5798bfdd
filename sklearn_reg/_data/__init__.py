"""The data: read and checked once, wrapped as rows or moments, given to solvers as designs."""
