r"""The law of a ridge fit, and estimates of coefficients that correct its bias.

With independent normal noise w = L y is normal, and so is everything that is linear in it:

    w = (A'A + n diag(l2))^-1 A'y,    E[w] = D w*,    D = L A,    Cov[w] = sigma^2 L L'.

"expectation" is about E[w], the coefficients that the penalty has shrunk. "coefficient" is about w*
itself [1]_: with an initial lasso w^ it takes sum_{k != j} D_jk w^_k off w_j and divides by D_jj.
What is left of the bias is at most max_{k != j} |D_jk| |w^ - w*|_1, for which [1]_ takes
(log(p) / n)^(1/2 - xi), in units in which columns have variance one and sigma is 1.

References
----------
.. [1] P. Buhlmann (2013). Statistical significance in high-dimensional linear models. Bernoulli
   19(4). https://doi.org/10.3150/12-BEJSP11
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import svd

from sklearn_reg._inference.found import LINEAR, NORMAL, Asked, Found, of_statistics, places_of
from sklearn_reg._inference.noise import Noise, noise_of, of_residuals
from sklearn_reg._inference.ols import LeastSquares
from sklearn_reg._inference.rows import Subject, check_independent
from sklearn_reg._inference.square_root_lasso import square_root_lasso, universal_level
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import FloatArray, IndexArray

METHOD = "ridge"
XI = 0.05  # of [1]_
# The largest ratio of the lengths of columns, over the roots of their penalties: rounding errors
# are relative to the longest column.
UNEQUAL = 1e10
# A column is explained by those without a penalty if at most this share of it is left.
DEPENDENT = 1e-10
FIXED = "lambda_ was chosen without looking at y"
CHOSEN = (
    "lambda_ was chosen by cross-validation and counts as fixed, which leaves out the uncertainty "
    "of that choice"
)
SHRUNK = (
    "intervals and p-values are about E[w], the coefficients that the penalty has shrunk, and not "
    "about w*: E[w_j] = 0 does not follow from w*_j = 0"
)
SPARSE = (
    "few of the w* are not zero: the error of the initial scaled lasso, in the sum of absolute "
    f"values, is at most sigma (log(p) / n)^{0.5 - XI:g} for columns of variance one"
)


def ridge(subject: Subject, asked: Asked) -> Found:
    """Return the law of a ridge fit, or estimates that correct its bias."""
    others = "use method='ols' for lambda_=0, 'debiased' for a lasso"
    subject.check_kind(METHOD, subject.l1_ratio == 0, "a ridge regression", others)
    subject.refuse(METHOD, bounds=True, relax=True, adaptive=True)
    subject.check_certified()
    places, fit = places_of(subject, asked, METHOD), _fit(subject)
    of_lambda = CHOSEN if subject.chosen else FIXED
    full = fit.rank == subject.A.shape[1] and fit.rank + subject.n_means < subject.n
    target = asked.options["target"] or ("expectation" if full else "coefficient")
    if target == "expectation":
        noise = _noise(subject, asked, fit, "residuals" if full else "effective")
        errors = noise.sigma * fit.lengths[places]
        assumptions = (LINEAR, NORMAL, of_lambda, SHRUNK)
        return of_statistics(
            subject, places, fit.w[places], errors, noise, asked.confidence_level, assumptions
        )
    noise = _noise(subject, asked, fit, "scaled_lasso")
    estimate, errors, bias = _corrected(subject, fit, places, noise)
    return of_statistics(
        subject,
        places,
        estimate,
        errors,
        noise,
        asked.confidence_level,
        (LINEAR, NORMAL, of_lambda, SPARSE),
        bias=bias,
    )


class _Fit(NamedTuple):
    """w = C B'y, with orthonormal columns in B."""

    C: FloatArray
    B: FloatArray
    w: FloatArray
    hats: FloatArray  # eigenvalues of the matrix that maps y to the fitted values
    rank: int

    @property
    def lengths(self) -> FloatArray:
        """Standard errors of w for sigma = 1."""
        largest = np.abs(self.C).max(axis=1, keepdims=True, initial=0.0)
        # Squares of small numbers underflow.
        shares = self.C / np.where(largest > 0, largest, 1.0)
        return np.asarray(largest[:, 0] * np.linalg.norm(shares, axis=1))


def _fit(subject: Subject) -> _Fit:
    """Solve ridge regression; columns without a penalty are first projected out."""
    A, y, penalties = subject.A, subject.y, subject.n * subject.l2
    free, others = np.flatnonzero(penalties == 0), np.flatnonzero(penalties)
    check_independent(A[:, free], [subject.names[subject.columns[j]] for j in free], METHOD)
    within = LeastSquares.of(A[:, free], y)
    roots = np.sqrt(penalties[others])
    rest = A[:, others] - within.Q @ (within.Q.T @ A[:, others])
    _check_not_explained(subject, others, rest)
    rest /= roots
    _check_alike(subject, others, np.linalg.norm(rest, axis=0))
    U, d, V = svd(rest, full_matrices=False, overwrite_a=True, check_finite=False)
    kept = d > max(rest.shape) * EPS * d.max(initial=0.0)
    U, d, V = U[:, kept], d[kept], V[kept]
    shrunk = 1.0 / (d + 1.0 / d)  # d / (d^2 + 1), whose square may overflow
    of_others = (V.T * shrunk) / roots[:, None]
    m, r = free.size, d.size
    C = np.zeros((A.shape[1], m + r))
    C[others, m:] = of_others
    # Free coefficients fit what the others leave.
    C[free, :m] = within.rows_of_inverse @ within.Q
    C[free, m:] = -within.rows_of_inverse @ (A[:, others] @ of_others)
    B = np.column_stack([within.Q, U])
    hats = np.concatenate([np.ones(m + subject.n_means), d * shrunk])
    return _Fit(C, B, C @ (B.T @ y), hats, m + r)


def _check_not_explained(subject: Subject, others: IndexArray, rest: FloatArray) -> None:
    """Refuse columns of which those without a penalty leave nothing: they have no coefficient."""
    sizes = np.linalg.norm(subject.A[:, others], axis=0)
    lost = others[np.linalg.norm(rest, axis=0) <= DEPENDENT * sizes]
    if lost.size:
        raise ValueError(
            f"method={METHOD!r} needs columns that those without a penalty do not explain, and "
            f"these explain {subject.names_of(subject.columns[lost])}; leave it out"
        )


def _check_alike(subject: Subject, others: IndexArray, sizes: FloatArray) -> None:
    """Refuse columns beside which rounding hides others."""
    if sizes.max(initial=0.0) <= UNEQUAL * sizes.min(initial=np.inf):
        return
    extremes = subject.columns[others[[sizes.argmax(), sizes.argmin()]]]
    most, least = (subject.names[j] for j in extremes.tolist())
    raise ValueError(
        f"method={METHOD!r} needs columns whose lengths, over the roots of their penalty weights, "
        f"differ by a factor of at most {UNEQUAL:g}, and those of {most!r} and {least!r} differ by "
        f"{sizes.max() / sizes.min():.3g}; rescale X, or fit with standardize=True"
    )


def _noise(subject: Subject, asked: Asked, fit: _Fit, default: str) -> Noise:
    """Estimate sigma; "effective" takes the residuals of the ridge fit itself."""
    if (asked.sigma or default) != "effective":
        return noise_of(subject, asked.sigma, default)
    used = float(np.sum(2.0 * fit.hats - fit.hats**2))  # tr(2H - HH')
    return of_residuals(subject, subject.y - subject.A @ fit.w, used, "residuals of the ridge fit")


def _corrected(
    subject: Subject, fit: _Fit, places: IndexArray, noise: Noise
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Estimates of w*, their standard errors, and bounds on their bias in standard errors."""
    A, n = subject.A, subject.n
    p = A.shape[1]
    initial = square_root_lasso(A, subject.y[:, None], level=universal_level(n, p)).coefs[0]
    sizes = np.sqrt(np.einsum("ij,ij->j", A, A) / n)
    D = fit.C[places] @ (fit.B.T @ A)
    rows = np.arange(places.size)
    own = D[rows, places].copy()
    D[rows, places] = 0.0
    estimate = (fit.w[places] - D @ initial) / own
    errors = noise.sigma * fit.lengths[places] / own
    worst = np.abs(D / sizes).max(axis=1, initial=0.0) / own
    return estimate, errors, noise.sigma * worst * (np.log(max(p, 1)) / n) ** (0.5 - XI) / errors
