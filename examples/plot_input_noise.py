r"""
Is noise in the inputs a ridge?
===============================

Yes. Repeat each sample many times, add to each copy noise of variance
:math:`\sigma^2` in every feature, and fit least squares to the copies: as their
number grows, the weights become those of a ridge with
:math:`\lambda = \sigma^2`. A weight multiplies the noise of its feature, so
large weights make large errors on the copies, and least squares avoids them.
"""

# %%
# The loss of noisy copies
# ------------------------
#
# Let :math:`\tilde x = x + e` be a copy of a sample, where the entries of the
# noise :math:`e` are independent, of mean 0 and variance :math:`\sigma^2`. The
# target stays the same. The mean of the squared error over the noise is
#
# .. math::
#     \mathbb{E} \, (y - \tilde x^\top w)^2 = (y - x^\top w)^2 + \mathbb{E} \, (e^\top w)^2
#     = (y - x^\top w)^2 + \sigma^2 \|w\|^2 .
#
# Half the mean of that over the samples is the objective of ridge with
# :math:`\lambda = \sigma^2`. For linear models this is exact; for other models
# it holds for small noise (Bishop 1995,
# https://doi.org/10.1162/neco.1995.7.1.108).
#
# The data are 442 patients with ten standardised measurements. The copies need
# not be kept: least squares needs their moments alone, and moments of batches
# add up.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import Moments, RidgeRegression

plt.style.use("sklearn_reg.legible")
data = load_diabetes(as_frame=True)
X, y = StandardScaler().fit_transform(data.data), data.target.to_numpy()
n, p = X.shape
sigma = 0.5

ridge = RidgeRegression(sigma**2, solver="auto").fit(X, y).coef_
least_squares = RidgeRegression(0.0, solver="auto")
plain = least_squares.fit(X, y).coef_

rng = np.random.default_rng(0)
moments, copies = Moments(p), {}
for k in range(1, 1001):
    # One copy of every sample.
    moments.update(X + sigma * rng.standard_normal((n, p)), y)
    if k in (1, 3, 10, 30, 100, 300, 1000):
        copies[k] = least_squares.fit_moments(moments).coef_

# %%
# In the left panel look at the crosses, the weights of a thousand noisy copies:
# they lie on the bars of the ridge. In the right panel look at the slope: a
# hundred times as many copies are ten times as near to the ridge, as for every
# mean of random numbers.

size = {"figsize": (10, 3.8), "width_ratios": [3, 2]}
figure, (left, right) = plt.subplots(1, 2, **size)
at = np.arange(p)
left.bar(at, ridge, color="C0", alpha=0.5, label=r"ridge, $\lambda = \sigma^2$")
points = {"linestyle": "none", "markersize": 5}
left.plot(at, plain, "ok", label="least squares, no noise", **points)
left.plot(
    at, copies[1000], "xC1", label="least squares, 1000 noisy copies", **points
)
left.axhline(0, color="black", linestyle="-", linewidth=0.6)
left.set_xticks(at, data.data.columns)
left.set(ylabel="weight (unit of y)")
left.set_title("Noise shrinks the weights as ridge does")
left.legend(loc="lower left", bbox_to_anchor=(0.05, 0))

distances = np.linalg.norm(np.array(list(copies.values())) - ridge, axis=1)
distances /= np.linalg.norm(ridge)
right.plot(list(copies), distances, "o-", label="noisy copies")
ends = np.array([1, 1000])
right.plot(
    ends, distances[0] / np.sqrt(ends), ":k", label="1 / root of the copies"
)
right.set(xscale="log", yscale="log", xlabel="noisy copies of each sample")
right.set(ylabel="distance to ridge / norm of ridge")
right.set_title("More copies, nearer to ridge")
right.legend()
plt.show()

# %%
# Copies that agree exactly
# -------------------------
#
# Random noise is not needed. Make 2p copies of each sample: move one feature at
# a time, by :math:`\pm \sigma \sqrt{p}`. These moves have mean 0, variance
# :math:`\sigma^2` in every feature, and no correlation. Their moments are
# exactly those that the formula asks for, so the weights are the ridge's, to
# rounding.

moves = sigma * np.sqrt(p) * np.vstack([np.eye(p), -np.eye(p)])
moved, target = (X[:, None] + moves).reshape(-1, p), np.repeat(y, 2 * p)
exact = least_squares.fit(moved, target).coef_
np.testing.assert_allclose(exact, ridge, rtol=1e-9)
print(
    f"{len(moved)} copies, difference from ridge: {abs(exact - ridge).max():.0e}"
)

# %%
# What to remember
# ----------------
#
# Noise that is added to the inputs while a model is trained is a penalty on
# large weights. It treats every feature alike in the unit that it is in, as
# ridge does: so standardise first. Ridge needs one copy of the data and gives
# the answer without chance. What the penalty does to each direction of the
# data: :ref:`sphx_glr_auto_examples_plot_shrinkage.py`.
#
# Exercises
# ---------
#
# 1. The noise differs between features: feature j gets the variance
#    :math:`\sigma_j^2`. Which ridge is that?
#
# .. dropdown:: Answer
#
#    One with `penalty_weights`: :math:`\lambda = 1` and
#    :math:`v_j = \sigma_j^2`.
#
# 2. *Dropout* sets each entry of X to zero with probability q, and divides the
#    others by 1 - q. It is noise too, of mean 0. Which ridge is it, for columns
#    of mean 0?
#
# .. dropdown:: Answer
#
#    The noise of an entry :math:`x_{ij}` has the variance
#    :math:`x_{ij}^2 q / (1 - q)`, and its mean over the samples is
#    :math:`q / (1 - q)` times the variance of the column. So dropout is a ridge
#    with :math:`\lambda = q / (1 - q)` and `standardize=True`.
#
# 3. The noise is in the target instead, of variance :math:`\sigma^2`, new for
#    each copy. What changes with many copies?
#
# .. dropdown:: Answer
#
#    Nothing but the loss, which grows by :math:`\sigma^2 / 2`. The noise in y
#    does not depend on the weights, so many copies give the least squares of
#    the data without noise.
