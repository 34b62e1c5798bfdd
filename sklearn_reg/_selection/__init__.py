"""Cross-validation: splits, folds, the choice of lambda."""
