"""The data: read at the door, wrapped as rows or moments, and seen by solvers as designs."""
