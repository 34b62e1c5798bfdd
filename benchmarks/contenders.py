"""The contenders: a name, its package, and fit(X, y, lambda_, l1_ratio, tol) -> coef for each.

Everything but the tolerance (and limits on iterations that would end a fit early) is as the
packages have it by default. They are imported inside, so that none is needed for the others.
"""

from importlib.util import find_spec

import numpy as np
from scipy import sparse


def fit_ours(X, y, lambda_, l1_ratio, tol):
    """sklearn_reg: tol bounds the duality gap over the null objective."""
    from sklearn_reg import ElasticNetRegression, LassoRegression

    options = {"lambda_": lambda_, "solver": "auto", "tol": tol}
    if l1_ratio == 1:
        return LassoRegression(**options).fit(X, y).coef_
    return ElasticNetRegression(l1_ratio=l1_ratio, **options).fit(X, y).coef_


def fit_sklearn(X, y, lambda_, l1_ratio, tol, precompute=False):
    """scikit-learn: tol bounds the duality gap over y'y."""
    from sklearn.linear_model import ElasticNet, Lasso

    options = {"alpha": lambda_, "tol": tol, "max_iter": 10**6, "precompute": precompute}
    if l1_ratio == 1:
        return Lasso(**options).fit(X, y).coef_
    return ElasticNet(l1_ratio=l1_ratio, **options).fit(X, y).coef_


def fit_sklearn_gram(X, y, lambda_, l1_ratio, tol):
    """scikit-learn on the Gram matrix: what one would ask of it for tall data."""
    return fit_sklearn(X, y, lambda_, l1_ratio, tol, precompute=not sparse.issparse(X))


def fit_celer(X, y, lambda_, l1_ratio, tol):
    """celer: tol bounds the duality gap over y'y."""
    from celer import ElasticNet, Lasso

    options = {"alpha": lambda_, "tol": tol, "max_iter": 10**4}
    if l1_ratio == 1:
        return Lasso(**options).fit(X, y).coef_
    return ElasticNet(l1_ratio=l1_ratio, **options).fit(X, y).coef_


def fit_skglm(X, y, lambda_, l1_ratio, tol):
    """skglm: tol bounds the violated optimality condition, here in the unit of lambda_."""
    from skglm import ElasticNet, Lasso

    options = {"alpha": lambda_, "tol": tol * lambda_, "max_iter": 10**4}
    if l1_ratio == 1:
        return Lasso(**options).fit(X, y).coef_
    return ElasticNet(l1_ratio=l1_ratio, **options).fit(X, y).coef_


def path_sklearn(X, y, lambdas, tol):
    """Call scikit-learn; it may take the Gram matrix of tall data."""
    from sklearn.linear_model import lasso_path

    return lasso_path(X, y - y.mean(), alphas=lambdas, tol=tol, max_iter=10**5)[1].T


def path_celer(X, y, lambdas, tol):
    """Call celer."""
    from celer import celer_path

    return celer_path(X, y - y.mean(), "lasso", alphas=lambdas, tol=tol)[1].T


OURS = "sklearn_reg"
CONTENDERS = {
    OURS: ("sklearn_reg", fit_ours),
    "scikit-learn": ("sklearn.linear_model", fit_sklearn),
    "celer": ("celer", fit_celer),
    "skglm": ("skglm", fit_skglm),
    "scikit-learn-gram": ("sklearn.linear_model", fit_sklearn_gram),
}
# For whole paths: solve(X, y, lambdas, tol) -> coefs, on X whose columns have mean 0.
PATHS = {
    "lasso_path": ("sklearn.linear_model", path_sklearn),
    "celer_path": ("celer", path_celer),
}
DEFAULT = [name for name in CONTENDERS if name != "scikit-learn-gram"]


def installed(names, known=CONTENDERS):
    """Keep the names whose package is there; say which are not."""
    found = []
    for name in names:
        if find_spec(known[name][0]):
            found.append(name)
        else:
            print(f"{name} is not installed and is skipped.")
    return found


def warm_up(name, is_sparse):
    """Fit tiny data of the same kind once, so that no compiler or import is in the figures."""
    rng = np.random.default_rng(0)
    X, y = np.asfortranarray(rng.standard_normal((30, 40))), rng.standard_normal(30)
    for l1_ratio in (1.0, 0.5):
        CONTENDERS[name][1](sparse.csc_matrix(X) if is_sparse else X, y, 0.1, l1_ratio, 1e-4)
