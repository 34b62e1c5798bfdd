"""Displays draw what was fitted: each class stores arrays, and its `plot` draws them.

As in scikit-learn, `from_estimator` and its siblings compute and plot at once, and `plot(ax=...)`
draws again on other axes. A display imports Matplotlib when it draws. In every figure the penalty
increases to the right, and lines differ in dash as well as in colour.
"""

from sklearn_reg.display.convergence import ConvergenceDisplay
from sklearn_reg.display.cross_validation import CrossValidationDisplay
from sklearn_reg.display.inference import InferenceDisplay
from sklearn_reg.display.lambda_sweep import LambdaSweepDisplay
from sklearn_reg.display.regularization_path import RegularizationPathDisplay
from sklearn_reg.display.stability import StabilityDisplay
from sklearn_reg.display.trajectory import TrajectoryDisplay

__all__ = [
    "ConvergenceDisplay",
    "CrossValidationDisplay",
    "InferenceDisplay",
    "LambdaSweepDisplay",
    "RegularizationPathDisplay",
    "StabilityDisplay",
    "TrajectoryDisplay",
]
