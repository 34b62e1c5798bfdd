"""Named problems: bundled with scikit-learn or synthetic with a fixed seed; nothing to download.

`load(name)` returns (X, y): X dense in Fortran order with standardised columns, or CSC, which is
what coordinate descent reads without a conversion; y of mean 0 and variance 1.
"""

from functools import lru_cache

import numpy as np
from scipy import signal, sparse, stats
from sklearn.datasets import load_diabetes


def diabetes():
    """Small data, where the overhead of a call counts (442 x 10)."""
    return standardised(*load_diabetes(return_X_y=True))


def wide_gaussian(n=200, p=5000):
    """Textbook wide problem: Gaussian columns, neighbours correlated by 0.5 (200 x 5000)."""
    rng = np.random.default_rng(1)
    X = _neighbours(rng, n, p, 0.5)
    return standardised(X, _response(rng, X, n_active=20))


def wide_small():
    """Gene expression: few samples, columns that share a few factors (70 x 4000)."""
    rng = np.random.default_rng(2)
    n, p, n_factors = 70, 4000, 10
    factors = rng.standard_normal((n, n_factors)) @ rng.standard_normal((n_factors, p))
    X = factors / np.sqrt(n_factors) + rng.standard_normal((n, p))
    return standardised(X, _response(rng, X, n_active=20))


def snp():
    """Genomic prediction: 0/1/2 markers in linkage, small effects of many (600 x 1300)."""
    rng = np.random.default_rng(3)
    n, p = 600, 1300
    threshold = stats.norm.ppf(rng.uniform(0.1, 0.5, p))
    X = sum((_neighbours(rng, n, p, 0.95) < threshold).astype(float) for _ in range(2))
    return standardised(X, _response(rng, X, n_active=300, noise=1.0))


def tall():
    """Table of records: full one-hot columns beside numeric ones, collinear (200000 x 150)."""
    rng = np.random.default_rng(4)
    n, levels, n_numeric = 200_000, (7, 12, 31, 80), 20
    one_hot = [np.eye(k)[_zipf(rng, k, n)] for k in levels]
    X = np.hstack([*one_hot, _neighbours(rng, n, n_numeric, 0.8)])
    return standardised(X, _response(rng, X, n_active=60, noise=1.0))


def square():
    """As many rows as columns and a large support at small lambda (2000 x 2000, correlated)."""
    rng = np.random.default_rng(5)
    X = _neighbours(rng, 2000, 2000, 0.5)
    return standardised(X, _response(rng, X, n_active=1000, noise=1.0))


def sparse_text():
    """Documents by words: few words are in most, most in few (10000 x 100000, density 1e-3)."""
    rng = np.random.default_rng(6)
    n, p, length = 10_000, 100_000, 116  # words a document, of which about 100 are different
    cells = np.repeat(np.arange(n), length), _zipf(rng, p, n * length, offset=10)
    X = sparse.coo_matrix((np.ones(n * length), cells), (n, p)).tocsc()
    # As TfidfTransformer(sublinear_tf=True): log counts, rare words up, documents of length one.
    X.data = 1 + np.log(X.data)
    X = X @ sparse.diags(1 + np.log((1 + n) / (1 + np.diff(X.indptr))))
    X = (sparse.diags(1 / np.sqrt(X.multiply(X).sum(axis=1).A1)) @ X).tocsc()
    # Words that few documents have cannot explain much, so the active ones are common.
    return standardised(X, _response(rng, X, n_active=500, among=5000))


def sparse_uniform():
    """Sparse without structure: every support is large at small lambda (10000 x 100000)."""
    rng = np.random.default_rng(7)
    X = sparse.random(10_000, 100_000, 1e-3, "csc", rng=rng, data_rvs=rng.standard_normal)
    X = sparse.csc_matrix(X)
    return standardised(X, _response(rng, X, n_active=500))


def wide_large():
    """Wide Gaussian at a size whose memory can be measured (1000 x 20000, 160 MB)."""
    return wide_gaussian(1000, 20_000)


PROBLEMS = {
    make.__name__: make
    for make in (
        diabetes,
        wide_gaussian,
        wide_small,
        snp,
        tall,
        square,
        sparse_text,
        sparse_uniform,
        wide_large,
    )
}


@lru_cache(maxsize=1)
def load(name):
    """Make a problem by its name; the last one is kept."""
    return PROBLEMS[name]()


def describe():
    """One line for each problem."""
    return "\n".join(f"{name:15} {make.__doc__}" for name, make in PROBLEMS.items())


def standardised(X, y):
    """Give y, and the columns of a dense X, mean 0 and variance 1."""
    y = (y - y.mean()) / y.std()
    if sparse.issparse(X):
        return X, y
    return np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0)), y


def _neighbours(rng, n, p, correlation):
    """Gaussian rows whose columns i and j correlate by correlation ** |i - j| (Toeplitz)."""
    noise = rng.standard_normal((n, p))
    noise[:, 1:] *= np.sqrt(1 - correlation**2)
    return signal.lfilter([1.0], [1.0, -correlation], noise, axis=1)


def _zipf(rng, k, size, offset=1):
    """Draw from range(k), number j in proportion to 1 / (j + offset)."""
    share = np.cumsum(1 / (np.arange(k) + offset))
    return np.searchsorted(share / share[-1], rng.random(size), side="right")


def _response(rng, X, n_active, noise=0.5, among=None):
    """X w for a sparse w, plus noise as a share of its standard deviation."""
    w = np.zeros(X.shape[1])
    w[rng.choice(among or w.size, n_active, replace=False)] = rng.standard_normal(n_active)
    part = X @ w
    return part + noise * part.std() * rng.standard_normal(X.shape[0])


if __name__ == "__main__":
    print(describe())
