"""Argument names of other packages: an error about one of them gives the name here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec

Arguments = ParamSpec("Arguments")

SCALES = "alpha of Lasso and ElasticNet is the same, Ridge's is n_samples * lambda_"
MANY = "an integer is a number of penalties; the CV classes have it"
NOT_NEEDED = "solver='auto' needs none, nor have the CV classes"
BY_CV = "the CV classes have it"
BOTH = "a pair (lower, upper)"
# Name elsewhere: names here, of which the first that the estimator has is given, and a note.
WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "alpha": (("lambda_", "lambdas"), f"{SCALES}; glmnet's alpha is l1_ratio"),
    "alphas": (("lambdas", "lambda_"), SCALES),
    "lambda_": (("lambdas",), "the CV classes choose lambda_ among them"),
    "lambdas": (("lambdas",), MANY),
    "n_alphas": (("lambdas",), MANY),
    "n_lambdas": (("lambdas",), MANY),
    "nlambda": (("lambdas",), MANY),
    "reg_lambda": (("lambda_", "lambdas"), ""),
    "lambda_min_ratio": (("eps",), BY_CV),
    "C": (("lambda_", "lambdas"), "which is large where C is small"),
    "max_iter": (("n_iterations",), NOT_NEEDED),
    "maxit": (("n_iterations",), NOT_NEEDED),
    "n_iter": (("n_iterations",), NOT_NEEDED),
    "n_iterations": (("n_iterations",), NOT_NEEDED),
    "epochs": (("n_iterations",), NOT_NEEDED),
    "lr": (("learning_rate",), NOT_NEEDED),
    "eta0": (("learning_rate",), NOT_NEEDED),
    "step_size": (("learning_rate",), NOT_NEEDED),
    "tolerance": (("tol",), "a bound on the duality gap relative to F(0, mean y)"),
    "thresh": (("tol",), "a bound on the duality gap relative to F(0, mean y)"),
    "normalize": (("standardize",), "which divides columns by their standard deviation"),
    "intercept": (("fit_intercept",), ""),
    "l1_ratio": (("l1_ratio",), "ElasticNetRegression has it"),
    "penalty_factor": (("penalty_weights",), ""),
    "groups": (("groups",), "GroupLassoRegression has it"),
    "group": (("groups",), "GroupLassoRegression has it"),
    "group_weights": (("penalty_weights",), "one a group or one a feature"),
    "group_multiplier": (("penalty_weights",), "one a group or one a feature"),
    "l1_reg": (("l1_ratio", "lambda_"), "lambda_ is the strength of the whole penalty"),
    "group_reg": (("lambda_", "lambdas"), "lambda_ is the strength of the whole penalty"),
    "exclude": (("penalty_weights",), "inf excludes a feature"),
    "adaptive": (("penalty_weights",), "penalty_weights='adaptive'"),
    "weights": (("penalty_weights",), "and weights of rows sample_weight, an argument of fit"),
    "sample_weight": (("sample_weight",), "it is an argument of fit"),
    "non_negative": (("positive",), ""),
    "constraints": (("bounds",), BOTH),
    "lower": (("bounds",), BOTH),
    "upper": (("bounds",), BOTH),
    "lower_limits": (("bounds",), BOTH),
    "upper_limits": (("bounds",), BOTH),
    "lower.limits": (("bounds",), BOTH),
    "upper.limits": (("bounds",), BOTH),
    "gamma": (("relax",), "1 is the penalised fit, 0 least squares on its features"),
    "cv": (("cv",), BY_CV),
    "nfolds": (("cv",), BY_CV),
    "n_folds": (("cv",), BY_CV),
    "gcv_mode": (("rule",), "rule='gcv' of the CV classes is generalised cross-validation"),
    "criterion": (("rule",), "rule='aic' or 'bic' of the CV classes"),
    "n_jobs": (("n_jobs",), BY_CV),
    "copy_X": ((), "X is never changed"),
    "precompute": ((), "the Gram matrix is computed where it pays"),
    "selection": ((), "no solver takes features in turn"),
    "random_state": ((), "nothing is random"),
    "verbose": ((), "the callbacks of scikit-learn show progress"),
}


def hint(word: str, known: Iterable[str]) -> str:
    """Return the name here of an unknown argument, and a note; an empty text if there is none."""
    known = list(known)
    ours, note = WORDS.get(word, (tuple(get_close_matches(word, known, n=1)), ""))
    told = f" ({note})" if note else ""
    for name in ours:
        if name in known:
            return f"{word} is called {name} here{told}"
    if ours and ours[0] != word:
        return f"{word} is called {ours[0]} here, and is no argument of this{told}"
    return f"{word} is no argument of this{told}" if note else ""


def in_our_words(init: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a constructor's TypeError for an unknown argument give the name here."""
    known = [name for name in inspect.signature(init).parameters if name != "self"]

    @wraps(init)
    def __init__(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        for word in kwargs:
            if word not in known:
                told = hint(word, known)
                called = f"{type(args[0]).__name__}{'' if told else '.__init__'}()"
                told = f": {told}" if told else ""
                raise TypeError(f"{called} got an unexpected keyword argument {word!r}{told}")
        init(*args, **kwargs)

    return __init__
