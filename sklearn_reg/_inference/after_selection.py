"""Inference on the features that a lasso at a fixed lambda has selected; see `selective`."""

from __future__ import annotations

import numpy as np

from sklearn_reg._inference.found import NORMAL, Asked, Found
from sklearn_reg._inference.noise import noise_of
from sklearn_reg._inference.rows import Subject
from sklearn_reg._inference.selective import selective_inference
from sklearn_reg._tools.warn import warn

METHOD = "selective"
KNOWN = "sigma is known: an estimate counts as the true one"
FIXED = "lambda_ was fixed before y was seen"
WRONG = "WRONG HERE: lambda_ was fixed before y was seen, but it was chosen on the same rows"
ABOUT = {
    "minimal": "numbers are about the coefficients of the selected model, those of least squares "
    "of E[y] on its features, given this selection and its signs; E[y] may be anything",
    "full": "numbers are about the coefficients w* of E[y] = b + X w* with all features, given "
    "that the lasso has selected the feature",
}


def selective(subject: Subject, asked: Asked) -> Found:
    """Test and estimate the coefficients of the selected features, given the selection."""
    others = "method='split' takes any estimator that selects"
    subject.check_kind(METHOD, subject.l1_ratio == 1, "a lasso", others)
    subject.refuse(METHOD, bounds=True, relax=True, adaptive=True)
    subject.check_certified()
    if subject.chosen:
        _check_choice(subject, asked)
    noise = noise_of(subject, asked.sigma, _default(subject))
    target = asked.options["target"]
    found = selective_inference(
        subject.A,
        subject.y,
        subject.l1,
        subject.w,
        noise.sigma,
        asked.confidence_level,
        target,
        [subject.names[j] for j in subject.columns.tolist()],
    )
    columns = subject.columns[found.features]
    at = np.arange(columns.size)
    if asked.features is not None:
        missing = np.setdiff1d(asked.features, columns)
        if missing.size:
            raise ValueError(
                "features must be selected by the fit for method='selective', and "
                f"{subject.names_of(missing)} is not; method='debiased' tests every feature"
            )
        at = np.searchsorted(columns, asked.features)
    units = subject.factors[found.features[at]]
    return Found(
        columns[at],
        units * found.estimate[at],
        units * found.standard_error[at],
        found.statistic[at],
        found.p_value[at],
        units * found.lower[at],
        units * found.upper[at],
        subject.unit * noise.sigma,
        noise.source,
        None,
        (NORMAL, KNOWN, WRONG if subject.chosen else FIXED, ABOUT[target]),
    )


def _default(subject: Subject) -> str:
    """Estimate sigma by least squares if there are enough rows, else by the scaled lasso."""
    enough = subject.columns.size + subject.n_means < subject.n
    return "residuals" if enough else "scaled_lasso"


def _check_choice(subject: Subject, asked: Asked) -> None:
    """Refuse a lambda_ that was chosen on the same rows, or warn if the user insists."""
    trouble = (
        f"method='selective' conditions on a selection at a fixed lambda_, and {subject.lambda_:g} "
        "was chosen on the same rows, so that p-values are too small"
    )
    remedy = (
        "method='split' chooses lambda_ on one half of the rows and tests on the other; or fit a "
        "LassoRegression with a lambda_ that was fixed beforehand"
    )
    if not asked.options["allow_chosen_lambda"]:
        raise ValueError(f"{trouble}. {remedy}")
    warn(f"{trouble}. Remedy: {remedy}.", UserWarning)
