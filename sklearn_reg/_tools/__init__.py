"""General tools: linear algebra, threads, progress, warnings."""
