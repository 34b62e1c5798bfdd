"""Ridge, lasso and elastic net as scikit-learn estimators: see them descend, or have the optimum.

Every formula is a function (`penalties`, `optimizers`, `closed_form`), and the estimators are built
on them.
"""

import sys

from sklearn_reg._checks import labels
from sklearn_reg._selection import leave_one_out
from sklearn_reg._tools.versions import show_versions
from sklearn_reg.closed_form import (
    ridge_closed_form,
    ridge_condition_number,
    ridge_degrees_of_freedom,
)
from sklearn_reg.display import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    InferenceDisplay,
    LambdaSweepDisplay,
    RegularizationPathDisplay,
    StabilityDisplay,
    TrajectoryDisplay,
)
from sklearn_reg.estimators import ElasticNetRegression, LassoRegression, RidgeRegression
from sklearn_reg.group_lasso import (
    GroupLassoRegression,
    GroupLassoRegressionCV,
    feature_groups,
)
from sklearn_reg.inference import CoefficientInference, coefficient_inference
from sklearn_reg.model_selection import (
    ElasticNetRegressionCV,
    LambdaSweep,
    LassoRegressionCV,
    PredictionInterval,
    RidgeRegressionCV,
    lambda_sweep,
)
from sklearn_reg.moments import Moments
from sklearn_reg.optimizers import (
    AdamState,
    adam_with_l2,
    adamw,
    sgd_step,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)
from sklearn_reg.path import RegularizationPath, lambda_max, regularization_path
from sklearn_reg.penalties import (
    elastic_net_gradient,
    elastic_net_penalty,
    elastic_net_prox,
    l1_gradient,
    l1_penalty,
    l1_prox,
    l2_gradient,
    l2_penalty,
    l2_prox,
)
from sklearn_reg.penalty_advice import PenaltyAdvice, penalty_advice
from sklearn_reg.stability import StabilitySelection

__version__ = "0.2.0"

# Older pickles name these modules.
sys.modules["sklearn_reg._labels"] = labels
sys.modules["sklearn_reg._leave_one_out"] = leave_one_out
del sys, labels, leave_one_out

__all__ = [
    "AdamState",
    "CoefficientInference",
    "ConvergenceDisplay",
    "CrossValidationDisplay",
    "ElasticNetRegression",
    "ElasticNetRegressionCV",
    "GroupLassoRegression",
    "GroupLassoRegressionCV",
    "InferenceDisplay",
    "LambdaSweep",
    "LambdaSweepDisplay",
    "LassoRegression",
    "LassoRegressionCV",
    "Moments",
    "PenaltyAdvice",
    "PredictionInterval",
    "RegularizationPath",
    "RegularizationPathDisplay",
    "RidgeRegression",
    "RidgeRegressionCV",
    "StabilityDisplay",
    "StabilitySelection",
    "TrajectoryDisplay",
    "adam_with_l2",
    "adamw",
    "coefficient_inference",
    "elastic_net_gradient",
    "elastic_net_penalty",
    "elastic_net_prox",
    "feature_groups",
    "l1_gradient",
    "l1_penalty",
    "l1_prox",
    "l2_gradient",
    "l2_penalty",
    "l2_prox",
    "lambda_max",
    "lambda_sweep",
    "penalty_advice",
    "regularization_path",
    "ridge_closed_form",
    "ridge_condition_number",
    "ridge_degrees_of_freedom",
    "sgd_step",
    "sgd_with_l2",
    "sgd_with_weight_decay",
    "show_versions",
    "trajectory",
]
