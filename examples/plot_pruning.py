r"""
What does sparsity buy?
=======================

A weight that is exactly zero needs no memory and no multiplication, and its
feature need not be measured. That is true for weights that *are* zero: ridge
makes weights small, and which of them can go is a guess. The gain is large only
if the columns with weight zero are left out before the prediction. SciPy's
sparse product with all columns is *slower* than the dense product.
"""

# %%
# Twenty thousand features, thirty of which matter
# ------------------------------------------------
#
# The data are made up, because data this wide do not ship with scikit-learn,
# and so that the truth is known. The lasso keeps a few dozen features. Fitted
# again to these columns alone, with the same :math:`\lambda`, it returns the
# same weights, because a weight of zero has no influence on the others. So the
# small model predicts the same as the large one, and only its columns have to
# be stored and measured.

import pickle
import timeit

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

from sklearn_reg import LassoRegression, RidgeRegression, lambda_max

plt.style.use("sklearn_reg.legible")
rng = np.random.default_rng(0)
n, p, n_true = 500, 20_000, 30
X, X_test = rng.standard_normal((2, n, p), dtype=np.float32)
w_true = np.zeros(p, dtype=np.float32)
w_true[:n_true] = rng.choice([-2, 2], n_true)
y = X @ w_true + rng.standard_normal(n, dtype=np.float32)
y_test = X_test @ w_true + rng.standard_normal(n, dtype=np.float32)

lasso = LassoRegression(0.1 * lambda_max(X, y), solver="auto").fit(X, y)
ridge = RidgeRegression(1.0, solver="auto").fit(X, y)
support = np.flatnonzero(lasso.coef_)
numbers = support.size, np.count_nonzero(ridge.coef_)
print("weights that are not zero: lasso {:,}, ridge {:,}".format(*numbers))

small = LassoRegression(lasso.lambda_, solver="auto").fit(X[:, support], y)
whole = lasso.predict(X_test)
np.testing.assert_allclose(small.predict(X_test[:, support]), whole, atol=1e-3)
sizes = [len(pickle.dumps(model)) for model in (lasso, small)]
print("bytes of a pickle: all features {:,}, the support {:,}".format(*sizes))

# %%
# When is a prediction faster?
# ----------------------------
#
# The time of a prediction depends on sizes, not on values, so random weights
# will do here. There are three ways to leave out the zeros:
#
# - *measured*: the new samples have the columns of the support and no others;
# - *selected*: the samples have all columns, and the columns of the support are
#   copied out first;
# - *sparse product*: the samples have all columns, and the weights are a sparse
#   matrix of SciPy, as after `sparsify()` of some models of scikit-learn.
#
# They are compared with the dense product of all columns and all weights. The
# times are those of the machine that built this page.


def seconds(product):
    return min(timeit.repeat(product, number=1, repeat=5))


def times_of_dense(rows, density):
    """Return the time of each way, divided by that of the dense product."""
    p = rows.shape[1]
    at = np.sort(rng.choice(p, int(density * p), replace=False))
    w = np.zeros(p, dtype=np.float32)
    w[at] = 1
    kept, measured = w[at], rows[:, at].copy()
    matrix = sparse.csc_array(w[:, None])
    times = {
        "sparse product": seconds(lambda: rows @ matrix),
        "selected": seconds(lambda: rows[:, at] @ kept),
        "measured": seconds(lambda: measured @ kept),
    }
    dense = seconds(lambda: rows @ w)
    return {way: time / dense for way, time in times.items()}


rows = rng.random((50, 200_000), dtype=np.float32)
densities = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
counts = [20_000, 60_000, 200_000]
by_density = [times_of_dense(rows, density) for density in densities]
by_count = [times_of_dense(rows[:, :p].copy(), 0.01) for p in counts]

# %%
# Look at which lines are below the dotted one. *Measured* is below it nearly
# everywhere: its time is in proportion to the number of columns. *Selected* is
# below it only if at most a few per cent of the weights are not zero, because
# to copy a column out of a row takes longer than to multiply it. The *sparse
# product* never is: SciPy goes through all columns, and with more effort per
# column. The right panel shows that the number of features changes little of
# this.

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
panels = (axes[0], densities, by_density), (axes[1], counts, by_count)
for ax, at, results in panels:
    for way, marker in zip(results[0], "^so", strict=True):
        ratios = [times[way] for times in results]
        ax.plot(at, ratios, marker, linestyle="-", label=way)
    ax.axhline(1, color="black", linestyle=":", linewidth=1)
    ax.set(xscale="log", yscale="log")
axes[0].set(xlabel="share of weights that are not zero")
axes[0].set(ylabel="time / time of the dense product")
axes[1].set(xlabel="features")
axes[1].set_xticks(counts, [f"{p:,}" for p in counts])
axes[1].set_xticks([], minor=True)
axes[0].set_title("200,000 features")
axes[1].set_title("One per cent of the weights is not zero")
axes[0].legend(loc="lower right", fontsize="small")
plt.show()

# %%
# Memory is simpler. A sparse weight needs its place as well: 8 bytes instead of
# 4 for 32-bit numbers. So a sparse vector is smaller if less than half of the
# weights are not zero.
#
# If X itself is sparse, as counts of words are, its zeros are already left out.
# A dense `coef_` is then the fastest, unless the columns are dropped before.
#
# Cutting what is not zero
# ------------------------
#
# Keep only the k largest weights, of the lasso and of the ridge. The lasso
# loses nothing until k is below its support. The ridge is hardly better than
# the mean here, because it spreads the signal over all 20,000 weights, and
# cutting the small ones does not bring it back. Its large weights have been
# shrunk as hard as the others. So fit the kept features again, without a
# penalty: that undoes the shrinking. It makes the lasso's support nearly
# perfect. The ridge's largest weights are not all the right ones, so no k makes
# them as good, and nothing says which k to take.


def again(columns):
    """Return the test error of least squares on these columns alone."""
    model = RidgeRegression(0.0, solver="auto").fit(X[:, columns], y)
    return np.mean((y_test - model.predict(X_test[:, columns])) ** 2)


figure, ax = plt.subplots()
counts = np.unique(np.geomspace(5, p, 25).astype(int))
for name, model in {"ridge": ridge, "lasso": lasso}.items():
    order = np.argsort(-np.abs(model.coef_))
    errors, kept = [], np.zeros_like(model.coef_)
    for k in counts:
        kept[order[:k]] = model.coef_[order[:k]]
        errors.append(np.mean((y_test - X_test @ kept - model.intercept_) ** 2))
    ax.plot(counts, errors, label=name)
order, few = np.argsort(-np.abs(ridge.coef_)), [5, 10, 20, 40, 80, 160]
errors = [again(order[:k]) for k in few]
ax.plot(few, errors, label="ridge's largest, fitted again")
star = {"markersize": 11, "label": "lasso's support, fitted again"}
ax.plot(support.size, again(support), "k*", **star)
ax.axhline(y_test.var(), color="0.5", linewidth=0.8, linestyle=":")
ax.text(p, y_test.var() * 1.02, "predicting the mean", ha="right", color="0.3")
ax.set(xscale="log", xlabel="weights that are kept", ylim=0)
ax.set(ylabel="test error (unit of y²)")
ax.set_title("What is exactly zero can be cut for nothing")
ax.legend(loc="center right")
plt.show()

# %%
# What to remember
# ----------------
#
# The lasso prunes while it fits, and says by its certificate that this pruned
# model is the best of its kind. Pruning by size afterwards is a guess. To gain
# time, leave out columns, not multiplications. Why L1 gives zeros:
# :ref:`sphx_glr_auto_examples_plot_geometry.py`.
#
# Exercises
# ---------
#
# 1. Weights are stored with 64 bits, and the index of a weight with 32. From
#    which share of zeros on is a sparse vector smaller than a dense one?
#
# .. dropdown:: Answer
#
#    From a third on: a dense vector takes 8 bytes for each of p weights, a
#    sparse one 12 for each that is not zero.
#
# 2. Fit the ridge again to the columns of its 100 largest weights, with the
#    same :math:`\lambda`. Do they stay as they are, as the lasso's did?
#
# .. dropdown:: Answer
#
#    No. The weights that were cut were small but not zero. The others now take
#    over what they explained, and all of them change.
#
# 3. Build a pipeline that selects by a lasso and fits the selected columns
#    without a penalty.
#
# .. dropdown:: Answer
#
#    `make_pipeline(SelectFromModel(lasso), RidgeRegression(0.0, solver="auto"))`.
#    scikit-learn's `SelectFromModel` keeps the columns whose weight is not zero
#    (above 0.00001) for a model with "Lasso" in its name.
#    `pipeline[0].get_support()` says which columns have to be measured.
