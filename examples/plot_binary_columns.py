r"""
Should binary columns be standardised?
======================================

Usually not. A rare binary column has a small standard deviation. To divide by
it gives the column a large unit, in which even a large effect is a small
weight, and a small weight costs little. So the effects that the data say least
about are shrunk no more than the others. Leave 0 and 1 as they are, and divide
numeric columns by *two* standard deviations: both are then in comparable units.
"""

# %%
# What the unit does to the penalty
# ---------------------------------
#
# Let q be the share of ones in a binary column, and w its effect: the
# difference that it makes to y. The standard deviation of the column is
# :math:`\sqrt{q (1 - q)}`: 0.5 for q = 0.5, and 0.1 for q = 0.01. Ridge on
# standardised columns penalises the weight in the unit of the standard
# deviation:
#
# .. math::
#     \text{standardised: } \frac{\lambda}{2} \, q (1 - q) \, w^2, \qquad
#     \text{0 and 1: } \frac{\lambda}{2} \, w^2 .
#
# The same effect costs 25 times less in the column with q = 0.01 than in the
# one with q = 0.5, if both are standardised. The data also say about 25 times
# less on it. If columns are uncorrelated, ridge keeps this share of the effect
# that least squares finds:
#
# .. math::
#     \text{standardised: } \frac{1}{1 + \lambda}, \qquad
#     \text{0 and 1: } \frac{q (1 - q)}{q (1 - q) + \lambda} .
#
# Made-up data show what this means for the error: 400 samples, with four binary
# columns for each of eight shares q, from a half to a hundredth, and four
# numeric columns. The true effects are random, and so known. Cross-validation
# chooses :math:`\lambda` for each treatment of the columns.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_reg import RidgeRegressionCV

plt.style.use("sklearn_reg.legible")
rng = np.random.default_rng(0)
q = np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01])
columns = np.repeat(q, 4)
n, n_sets, lambdas = 400, 30, np.geomspace(1e-4, 10, 20)


def draw(effect_sizes):
    """Return samples, their targets, and the true effects."""
    binary = rng.random((n, columns.size)) < columns
    numeric = rng.normal(40, 10, (n, 4))  # such as an age in years
    X = np.hstack([binary, numeric])
    # The numeric columns have the size of effect 1 per two standard deviations.
    sizes = np.append(effect_sizes, np.full(4, 1 / 20))
    w = sizes * rng.standard_normal(X.shape[1])
    return X, X @ w + rng.normal(0, 3, n), w


def two_standard_deviations(X):
    """Return penalty weights that divide the numeric columns by 2 sd."""
    return np.append(np.ones(columns.size), (2 * X[:, -4:].std(axis=0)) ** 2)


def squared_errors(effect_sizes):
    """Return the mean squared error of effects, by treatment and share."""
    errors = np.zeros((2, q.size))
    for _ in range(n_sets):
        X, y, w = draw(effect_sizes)
        v = two_standard_deviations(X)
        units = {"standardize": True}, {"penalty_weights": v}
        for k, unit in enumerate(units):
            model = RidgeRegressionCV(lambdas, rule="gcv", **unit).fit(X, y)
            squares = (model.coef_ - w)[: columns.size] ** 2
            errors[k] += squares.reshape(q.size, 4).mean(axis=1) / n_sets
    return errors


sd = np.sqrt(columns * (1 - columns))
errors = {
    "All effects of one size": squared_errors(np.ones(columns.size)),
    "The rarer, the larger": squared_errors(0.5 / sd),
}

# %%
# Read each panel from right to left, from frequent to rare. On the left:
# standardised columns all keep the same share, and columns of 0 and 1 keep
# less, the rarer they are. In the middle the true effects do not depend on q.
# The error of the rarest is then much larger if the columns are standardised:
# larger than that of zero, which would be 1. On the right a column that is rare
# has a larger effect, as standardising assumes. Even so the two treatments are
# nearly the same.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.6))
fine = np.geomspace(0.01, 0.5, 200)
axes[0].plot(fine, np.full(fine.size, 0.9), label="standardised")
variance = fine * (1 - fine)
axes[0].plot(fine, variance / (variance + 0.25 / 9), label="0 and 1")
axes[0].set(title="Share of the effect that is kept", ylim=0)
axes[0].legend(loc="lower right")
for ax, (title, values) in zip(axes[1:], errors.items(), strict=True):
    ax.plot(q, values[0], "o-", label="standardised")
    ax.plot(q, values[1], "s--", label="0 and 1, numeric by 2 sd")
    ax.set(title=title, yscale="log")
axes[1].set_ylabel("mean squared error of effects")
axes[2].legend(loc="upper right")
for ax in axes:
    ax.set(xscale="log", xlabel="share of ones, q", xticks=[0.01, 0.1, 0.5])
    ax.set_xticks([0.01, 0.1, 0.5], ["0.01", "0.1", "0.5"])
plt.show()

rarest = errors["All effects of one size"][:, -1]
print("errors at q = 0.01: standardised {:.1f}, 0 and 1 {:.1f}".format(*rarest))

# %%
# What to remember
# ----------------
#
# Ask which effects you expect, and choose units in which you expect them to be
# of one size. For binary columns that is mostly the unit that they have: a rare
# group differs from the others about as much as a frequent one does. Pass
# `penalty_weights`, as here, or scale the columns in a pipeline
# (:ref:`sphx_glr_auto_examples_plot_pipelines.py`). To divide numeric columns
# by two standard deviations is the proposal of Gelman (2008),
# https://doi.org/10.1002/sim.3107: a column that is 0 or 1 with q = 0.5 has a
# standard deviation of a half.
#
# Exercises
# ---------
#
# 1. Say what `standardize=True` does with `penalty_weights` instead, for ridge
#    and for the lasso.
#
# .. dropdown:: Answer
#
#    For ridge the penalty weight of a column is its variance, for the lasso its
#    standard deviation. Both give the same coefficients as `standardize=True`.
#
# 2. Somebody codes a binary column as -1 and 1 instead of 0 and 1. What does a
#    ridge make of it?
#
# .. dropdown:: Answer
#
#    The weight of the same effect is half as large, so its penalty is a
#    quarter: the effect is shrunk less. It is as with 0 and 1 and a penalty
#    weight of 1/4. With `standardize=True` the coding does not matter.
#
# 3. Two binary columns, with q = 0.5 and q = 0.02, have no effect at all. How
#    often does a lasso choose each of them, if the columns are standardised,
#    and if not?
#
# .. dropdown:: Answer
#
#    Standardised, both about equally often. With 0 and 1 and a :math:`\lambda`
#    at which the frequent one is chosen as often as before, the rare one is
#    never chosen: the product of a rare column with the residuals is small. For
#    the same reason the lasso hardly finds it if it does have an effect.
