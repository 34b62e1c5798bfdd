"""Base classes of the estimators, advice after a fit, and reports of results."""
