"""Linear algebra, threads, progress, warnings: what any package of this kind needs."""
