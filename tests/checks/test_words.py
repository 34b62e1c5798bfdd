"""Arguments in the words of other packages are refused with ours; signatures stay what they are."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

FITS = [RidgeRegression, LassoRegression, ElasticNetRegression]
CHOICES = [RidgeRegressionCV, LassoRegressionCV, ElasticNetRegressionCV]
X, y = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 0.0, 2.0])
# In a word of others: what the message says to those who fit, and to those who choose.
WORDS = [
    ("alpha", "lambda_ here", "lambdas here"),
    ("alphas", "lambda_ here", "lambdas here"),
    ("n_alphas", "lambdas here, and is no argument", "lambdas here"),
    ("lambd", "lambda_ here", "lambdas here"),
    ("lambda", "lambda_ here", "lambdas here"),
    ("lamda_", "lambda_ here", "lambdas here"),
    ("reg_lambda", "lambda_ here", "lambdas here"),
    ("max_iter", "n_iterations here", "n_iterations here, and is no argument"),
    ("n_iter", "n_iterations here", "n_iterations here, and is no argument"),
    ("lr", "learning_rate here", "learning_rate here, and is no argument"),
    ("normalize", "standardize here", "standardize here"),
    ("standardise", "standardize here", "standardize here"),
    ("penalty_factor", "penalty_weights here", "penalty_weights here"),
    ("intercept", "fit_intercept here", "fit_intercept here"),
    ("tolerance", "tol here", "tol here"),
    ("nfolds", "cv here, and is no argument", "cv here"),
    ("exclude", "penalty_weights here", "penalty_weights here"),
    ("adaptive", "penalty_weights here", "penalty_weights here"),
    ("constraints", "bounds here", "bounds here"),
    ("lower", "bounds here", "bounds here"),
    ("upper", "bounds here", "bounds here"),
    ("lower_limits", "bounds here", "bounds here"),
    ("upper_limits", "bounds here", "bounds here"),
    ("lower.limits", "bounds here", "bounds here"),
    ("upper.limits", "bounds here", "bounds here"),
    ("gamma", "relax here", "relax here"),
    ("copy_X", "X is never changed", "X is never changed"),
    ("random_state", "nothing is random", "nothing is random"),
]
cases = pytest.mark.parametrize(
    ("Estimator", "word", "said"),
    [(E, word, said) for word, said, _ in WORDS for E in FITS]
    + [(E, word, said) for word, _, said in WORDS for E in CHOICES],
)


@cases
def test_a_word_of_others_is_refused_with_ours(Estimator: Any, word: str, said: str) -> None:
    start = rf"^{Estimator.__name__}\(\) got an unexpected keyword argument '{word}': {word} is "
    with pytest.raises(TypeError, match=rf"{start}.*{said}"):
        Estimator(**{word: 1})
    with pytest.raises(ValueError, match=rf"Invalid parameter '{word}'.*{word} is .*{said}"):
        Estimator().set_params(**{word: 1})


def test_ridge_is_told_how_its_penalty_is_scaled() -> None:
    with pytest.raises(TypeError, match=r"Ridge's is n_samples \* lambda_; glmnet's .* l1_ratio"):
        RidgeRegression(alpha=1.0)


def test_a_search_and_a_pipeline_say_it_too() -> None:
    steps = make_pipeline(StandardScaler(), LassoRegression(solver="auto"))
    with pytest.raises(ValueError, match="alpha is called lambda_ here"):
        steps.set_params(lassoregression__alpha=1.0)
    with pytest.raises(ValueError, match="alpha is called lambda_ here"):
        GridSearchCV(steps, {"lassoregression__alpha": [1.0]}, cv=3, error_score="raise").fit(X, y)


@pytest.mark.parametrize("Estimator", FITS + CHOICES)
def test_other_words_are_refused_as_python_and_scikit_learn_do(Estimator: Any) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'colour'$"):
        Estimator(colour=1)
    with pytest.raises(ValueError, match=r"Invalid parameter 'colour'.*\]\.$"):
        Estimator().set_params(colour=1)
    with pytest.raises(TypeError, match="positional argument"):
        Estimator(*range(9))


@pytest.mark.parametrize("Estimator", FITS + CHOICES)
def test_signatures_parameters_clones_and_pickles_are_what_they_are(Estimator: Any) -> None:
    parameters = inspect.signature(Estimator).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert sorted(parameters) == Estimator._get_param_names() == sorted(Estimator().get_params())
    assert "tol" in inspect.getsource(Estimator.__init__)
    model = Estimator(tol=0.125)
    for twin in (clone(model), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert twin.get_params() == model.get_params()
    assert model.set_params(tol=0.5) is model
    assert model.tol == 0.5
