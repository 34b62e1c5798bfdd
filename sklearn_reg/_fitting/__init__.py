"""From an estimator to a solver and back: base classes, advice, reports."""
