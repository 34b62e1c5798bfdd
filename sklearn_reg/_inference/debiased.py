r"""The desparsified lasso: each coefficient of a lasso, freed from the bias of the penalty.

Let z_j be what the other columns do not explain of column j, the residual of a nodewise lasso. Then

    b_j = w_j + z_j'(y - A w) / z_j'A_j
        = w*_j + z_j'e / z_j'A_j + (bias),
    |bias| <= max_{k != j} |z_j'A_k| / |z_j'A_j| * |w - w*|_1,

and z_j'e is normal [1]_. In standard errors the bias is at most eta_j |w - w*|_1 / sigma, with
eta_j = max_{k != j} |z_j'A_k| / |z_j|, and a square-root lasso with lambda = sqrt(log(p) / n) |z_j|
/ sqrt(n) has eta_j = sqrt(log p) for columns of variance one.

The residual y - A w of a lasso with df degrees of freedom is too small, by a factor 1 - df / n: the
correction is divided by it, and the standard error by its root [2]_.

References
----------
.. [1] C.-H. Zhang, S. S. Zhang (2014). Confidence intervals for low dimensional parameters in high
   dimensional linear models. J. Royal Statistical Society B 76(1).
   https://doi.org/10.1111/rssb.12026
.. [2] P. C. Bellec, C.-H. Zhang (2022). De-biasing the lasso with degrees-of-freedom adjustment.
   Bernoulli 28(2). https://doi.org/10.3150/21-BEJ1348
"""

from __future__ import annotations

import numpy as np

from sklearn_reg._inference.found import (
    LINEAR,
    Asked,
    Found,
    half_length,
    law_of,
    of_statistics,
    places_of,
)
from sklearn_reg._inference.multiplicity import largest_quantile
from sklearn_reg._inference.noise import Noise, noise_of, of_residuals
from sklearn_reg._inference.rows import Subject
from sklearn_reg._inference.square_root_lasso import FLOOR, square_root_lasso
from sklearn_reg._tools.typing import FloatArray, IndexArray

METHOD = "debiased"
NORMAL = "the errors are independent, with one variance (over sample_weight), normal or many"
SPARSE = (
    "few of the w* are not zero, so few that |w - w*|_1 sqrt(log p) is small beside sigma "
    "(about s log p << sqrt(n) for s of them): the bias that is left counts as zero"
)
TOGETHER = "the intervals hold all together, by draws of the largest statistic"
DISTINCT = "no column of X is nearly a combination of a few others"


def debiased(subject: Subject, asked: Asked) -> Found:
    """Test and estimate every coefficient, selected or not."""
    others = "use method='ridge' or 'ols'"
    subject.check_kind(METHOD, subject.l1_ratio > 0, "a lasso or an elastic net", others)
    subject.refuse(METHOD, bounds=True, relax=True)
    subject.check_certified()
    places = places_of(subject, asked, METHOD)
    Z = _scores(subject, places)
    df = subject.degrees_of_freedom
    noise = _noise(subject, asked, df)
    lengths = np.sqrt(np.einsum("jn,jn->j", Z, Z))
    along = np.einsum("jn,nj->j", Z, subject.A[:, places])
    left = max(1.0 - df / subject.n, 1.0 / subject.n)
    estimate = subject.w[places] + (Z @ subject.residual) / (left * along)
    quantile, together = None, tuple[str, ...]()
    if asked.options["simultaneous"]:
        together = (TOGETHER,)
        scores = Z / lengths[:, None]
        quantile = largest_quantile(
            scores, asked.confidence_level, noise.degrees_of_freedom, asked.random_state
        )
        quantile = max(quantile, half_length(law_of(noise), asked.confidence_level))
    return of_statistics(
        subject,
        places,
        estimate,
        noise.sigma * lengths / (np.sqrt(left) * along),
        noise,
        asked.confidence_level,
        (LINEAR, NORMAL, SPARSE, DISTINCT, *together),
        quantile=quantile,
    )


def _noise(subject: Subject, asked: Asked, df: float) -> Noise:
    """Take sigma from the residuals of the fit itself, unless something else is asked for.

    With the factor above, standard errors then hold the error of the lasso, too [2]_.
    """
    default = "effective"
    if (asked.sigma or default) != "effective":
        return noise_of(subject, asked.sigma, default)
    found = of_residuals(subject, subject.residual, df + subject.n_means, "residuals of the fit")
    return found._replace(degrees_of_freedom=None)


def _scores(subject: Subject, places: IndexArray) -> FloatArray:
    """Return z_j of each of these columns, of shape (n_places, n)."""
    A = subject.A
    n, p = A.shape
    level = float(np.sqrt(np.log(max(p, 2)) / n))
    found = square_root_lasso(A, A[:, places], places, level=level, with_coefs=False)
    sizes = np.sqrt(np.einsum("jn,jn->j", found.residuals, found.residuals))
    lost = sizes <= FLOOR * np.sqrt(np.einsum("nj,nj->j", A[:, places], A[:, places]))
    if lost.any():
        raise ValueError(
            "method='debiased' needs columns that others do not explain, and others explain "
            f"{subject.names_of(subject.columns[places[lost]])}, for example an equal one; leave "
            "out one of the columns that are equal, or pass the other features"
        )
    return found.residuals
