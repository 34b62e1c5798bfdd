r"""
What does sparsity buy?
=======================

A weight that is exactly zero needs no memory and no multiplication, and its feature need not be
measured. That holds for weights that *are* zero. Ridge makes weights small, and which of them can
go is a guess.
"""

# %%
# Four thousand features, thirty of which matter
# ----------------------------------------------
#
# Made up, because data this wide do not ship with scikit-learn, and so that the truth is known.

import timeit

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

from sklearn_reg import LassoRegression, RidgeRegression, lambda_max

plt.style.use("sklearn_reg.legible")
rng = np.random.default_rng(0)
n, p, n_true = 1000, 4000, 30
X, X_test = rng.standard_normal((2, n, p)).astype(np.float32)
w_true = np.zeros(p, dtype=np.float32)
w_true[:n_true] = rng.choice([-2, 2], n_true)
y, y_test = (Z @ w_true + rng.standard_normal(n).astype(np.float32) for Z in (X, X_test))

lasso = LassoRegression(lambda_=0.1 * lambda_max(X, y), solver="auto").fit(X, y)
ridge = RidgeRegression(lambda_=1.0, solver="auto").fit(X, y)
support = np.flatnonzero(lasso.coef_)
print(f"non-zero weights: lasso {support.size}, ridge {np.count_nonzero(ridge.coef_)}, of {p}")

# %%
# Memory and time of a prediction
# -------------------------------
#
# Only the columns of the support are needed: the predictions are the same.

small = sparse.csr_array(lasso.coef_[None])
columns = np.asfortranarray(X_test[:, support])  # all that has to be measured of new samples
whole = lasso.predict(X_test)
pruned = columns @ lasso.coef_[support] + lasso.intercept_
np.testing.assert_allclose(pruned, whole, atol=1e-3)

kilobytes = {
    "all weights": lasso.coef_.nbytes / 1e3,
    "non-zeros": (small.data.nbytes + small.indices.nbytes) / 1e3,
}
milliseconds = {
    "all weights": 1e3 * min(timeit.repeat(lambda: X_test @ lasso.coef_, number=1, repeat=20)),
    "non-zeros": 1e3
    * min(timeit.repeat(lambda: columns @ lasso.coef_[support], number=1, repeat=20)),
}
figure, axes = plt.subplots(1, 2, figsize=(7, 3))
for ax, numbers, title in (
    (axes[0], kilobytes, "kilobytes of weights"),
    (axes[1], milliseconds, "milliseconds for 1000 predictions"),
):
    bars = ax.bar(list(numbers), list(numbers.values()), color=["C0", "C1"], hatch=["", "//"])
    ax.bar_label(bars, fmt="%.3g")
    ax.set(yscale="log", title=title)
    ax.margins(y=0.2)
plt.show()

# %%
# Cutting what is not zero
# ------------------------
#
# Keep only the k largest weights, of the lasso and of the ridge. The lasso loses nothing until k is
# below its support. Cutting the ridge's small weights takes away noise, and then signal; and those
# that are kept were shrunk as hard as the others, so it stays far behind. The lasso's weights are
# shrunk too; fitted again without a penalty on its support they are not, which helps where the
# support is right and small.


def error(w, b):
    return np.mean((y_test - X_test @ w - b) ** 2)


counts = np.unique(np.geomspace(5, p, 25).astype(int))
refit = RidgeRegression(lambda_=0.0, solver="auto").fit(X[:, support], y)
figure, ax = plt.subplots()
for name, model in {"ridge": ridge, "lasso": lasso}.items():
    order = np.argsort(-np.abs(model.coef_))
    errors = []
    for k in counts:
        kept = np.zeros(p, dtype=np.float32)
        kept[order[:k]] = model.coef_[order[:k]]
        errors.append(error(kept, model.intercept_))
    ax.plot(counts, errors, label=name)
again = np.mean((y_test - refit.predict(X_test[:, support])) ** 2)
ax.plot(support.size, again, "k*", markersize=11, label="lasso's support, fitted again")
ax.axhline(y_test.var(), color="0.5", linewidth=0.8, linestyle=":")
ax.text(p, y_test.var() * 1.02, "predicting the mean", ha="right", va="bottom", color="0.3")
ax.set(xscale="log", xlabel="weights that are kept", ylabel="test error (unit of y²)", ylim=0)
ax.set_title("What is exactly zero can be cut for nothing")
ax.legend(loc="center right")
plt.show()

# %%
# What to remember
# ----------------
#
# The lasso prunes while it fits, and says by its certificate that this pruned model is the best of
# its kind. Pruning by size afterwards is a guess. Why L1 gives zeros:
# :ref:`sphx_glr_auto_examples_plot_geometry.py`.
