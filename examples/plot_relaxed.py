r"""
Does the lasso shrink too much?
===============================

Where the signal is strong, yes. The :math:`\lambda` that leaves out the noise
also shrinks what it keeps. A relaxed fit separates the two: the lasso selects,
and least squares takes back some of the shrinkage. Where the signal is weak,
the shrinkage is what one wants, and the lasso is the better one. Let
cross-validation decide: `LassoRegressionCV(relax=[0, 0.25, 0.5, 0.75, 1])`.
"""

# %%
# A strong signal and a weak one
# ------------------------------
#
# The data are made up, because on real data nobody knows the truth: 30
# features, of which 5 matter, all of them alike, and 100 samples. The *signal*
# is the part of y that the features explain, and the *signal-to-noise ratio*
# is its variance divided by that of the noise: 4 on the left, 0.25 on the
# right. (In terms of :math:`R^2` these are 0.8 and 0.2.)
#
# `relax` is the share of the lasso in the coefficients. The rest is least
# squares on the features that the lasso selects: 1 is the lasso itself, 0 the
# refit. Cross-validation follows the lasso once a fold, and measures the error
# for every :math:`\lambda` and every share.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_reg import (
    LassoRegressionCV,
    regularization_path,
)

plt.style.use("sklearn_reg.legible")
n, p = 100, 30
correlation = 0.35 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
root = np.linalg.cholesky(correlation)
w = np.zeros(p)
w[::6] = 1
w /= np.sqrt(w @ correlation @ w)  # so that the signal has the variance 1
shares = np.array([0, 0.25, 0.5, 0.75, 1])


def sample(n, ratio, rng):
    """Return n samples with this signal-to-noise ratio."""
    X = rng.standard_normal((n, p)) @ root.T
    return X, X @ w + rng.standard_normal(n) / np.sqrt(ratio)


figure, axes = plt.subplots(1, 2, figsize=(10, 4))
colors = plt.colormaps["cividis"](np.linspace(0, 0.9, 5))
for ax, ratio in zip(axes, (4, 0.25), strict=True):
    data = sample(n, ratio, np.random.default_rng(10))
    model = LassoRegressionCV(40, eps=1e-2, relax=shares).fit(*data)
    errors = model.mse_path_.mean(axis=-1)  # of shares x lambdas
    for share, error, color in zip(shares, errors, colors, strict=True):
        line = {"color": color, "linestyle": "-", "label": f"relax = {share:g}"}
        ax.plot(model.lambdas_, error, **line)
        ax.plot(model.lambdas_[error.argmin()], error.min(), "o", color=color)
    ax.set(xscale="log", xlabel=r"$\lambda$ (more penalty to the right)")
    ax.set_ylim(0.95 * errors.min(), min(errors.max(), 2.5 * errors.min()))
    ax.set_title(f"signal-to-noise ratio {ratio}")
    n_features = np.count_nonzero(model.coef_)
    print(f"ratio {ratio}: relax = {model.relax_}, {n_features} features")
axes[0].set_ylabel("cross-validation error, and its minimum (dots)")
axes[1].legend()
plt.show()

# %%
# On the left the refit (dark) has the lowest minimum, and it lies at a larger
# :math:`\lambda` than that of the lasso (bright). A lasso with this
# :math:`\lambda` would shrink too much, so it takes a smaller one, and lets
# noise in. On the right the refit has the highest minimum: the coefficients
# that it does not shrink are those that looked largest, partly by chance. Most
# of the shrinkage stays.
#
# From one data set to many
# -------------------------
#
# One data set proves little, so here are 16 for each of six ratios. Another
# 100 samples, the *validation set*, choose :math:`\lambda`. A relaxed fit is
# the blend that the formula says, so that two paths give all shares. The number
# to compare is the share of the signal that is missed: 0 for the truth, 1 for a
# model without features.
#
# Beside them is the *adaptive lasso* (Zou 2006). It shrinks less what a first
# ridge finds strong, by `penalty_weights="adaptive"`.


def fitted(ratio, rng):
    """Return the coefficients of each kind of fit to one data set."""
    train, (X, y) = sample(n, ratio, rng), sample(n, ratio, rng)
    options = {"eps": 2e-2, "fit_intercept": False}
    lasso = regularization_path(*train, 30, **options)
    refit = regularization_path(*train, lasso.lambdas, relax=0, **options)
    options["penalty_weights"] = "adaptive"
    adaptive = regularization_path(*train, 30, **options)
    blends = [g * lasso.coefs + (1 - g) * refit.coefs for g in shares]
    kinds = {
        "lasso": lasso.coefs,
        "refit": refit.coefs,
        "relaxed, share chosen": np.concatenate(blends),
        "adaptive lasso": adaptive.coefs,
    }
    return {
        name: coefs[np.mean((y - coefs @ X.T) ** 2, axis=1).argmin()]
        for name, coefs in kinds.items()
    }


ratios = [0.1, 0.25, 0.5, 1, 2, 4]
missed, counts = {}, {}
for ratio in ratios:
    rng = np.random.default_rng(0)
    of_samples = [fitted(ratio, rng) for _ in range(16)]
    for name in of_samples[0]:
        coefs = np.array([of[name] for of in of_samples])
        shares_missed = np.sum((coefs - w) @ correlation * (coefs - w), axis=1)
        missed.setdefault(name, []).append(shares_missed.mean())
        counts.setdefault(name, []).append((coefs != 0).sum(axis=1).mean())
for name, values in missed.items():
    print(f"{name:21s} misses", *(f"{value:.3f}" for value in values))
lasso, refit, relaxed, adaptive = np.array(list(missed.values()))
assert (refit[:2] > 1.15 * lasso[:2]).all()
assert (np.abs(relaxed / lasso - 1)[:2] < 0.1).all()
assert (np.array([refit, relaxed, adaptive])[:, -1] < 0.5 * lasso[-1]).all()

# %%
# The left panel shows the missed signal relative to that of the lasso. The lines
# cross. Where the noise has more variance than the signal, the refit is up to
# 40 % worse than the lasso. Where the signal is four times as strong, it misses
# less than half. The relaxed fit, whose share the validation set chooses, is
# near the better of the two everywhere, and better than both in the middle. The
# adaptive lasso is a little worse than the lasso at weak signals, and nearly as
# good as the refit at the strongest.
#
# The right panel shows what the lasso pays for one :math:`\lambda` with two
# jobs: at strong signals it keeps about 15 features. The dotted line is the
# truth, 5.

figure, axes = plt.subplots(1, 2, figsize=(10, 4))
for name, marker in zip(missed, "osv^", strict=True):
    relative = np.divide(missed[name], missed["lasso"])
    axes[0].plot(ratios, relative, marker=marker, label=name)
    axes[1].plot(ratios, counts[name], marker=marker)
axes[0].set(ylim=(0, 1.5), ylabel="missed signal (lasso: 1)")
axes[1].set(ylabel="number of features", yticks=range(0, 21, 5))
axes[1].axhline(5, color="0.4", linestyle=":", linewidth=1)
for ax in axes:
    ax.set(xscale="log", xlabel="signal-to-noise ratio")
    ax.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    ax.minorticks_off()
axes[0].legend(loc="lower left")
plt.show()

# %%
# What to remember
# ----------------
#
# If the signal may be strong, let cross-validation choose among several values
# of `relax`. It costs little, and it is never far from the lasso. Hastie,
# Tibshirani and Tibshirani (2020, https://doi.org/10.1214/19-STS733) compare
# best subsets, stepwise selection, the lasso and the relaxed lasso in many more
# settings: no selection without shrinkage is good at weak signals, and the
# relaxed lasso is their recommendation. Do not set `relax=0` by habit.
#
# Where you want few features rather than small errors, the adaptive lasso is an
# alternative. The formulas of both, and what they do not promise:
# :doc:`/guide/beyond`. Its theory: Zou (2006),
# https://doi.org/10.1198/016214506000000735; that of relaxed fits: Meinshausen
# (2007), https://doi.org/10.1016/j.csda.2006.12.019.
#
# Exercises
# ---------
#
# 1. Fit `load_diabetes` by the 1-SE rule, with `relax=[0, 0.25, 0.5, 0.75, 1]`
#    and without. How many features does each keep?
#
# .. dropdown:: Answer
#
#    The lasso keeps six. The relaxed fit chooses the refit of four: bmi, bp, s3
#    and s5.
#
# 2. Select features by a lasso on all rows, then cross-validate least squares
#    on them. What error does that give on pure noise, with 50 rows and 100
#    features? And `LassoRegressionCV(relax=0)`?
#
# .. dropdown:: Answer
#
#    With half of :func:`~sklearn_reg.lambda_max`, the first error is on average
#    three quarters of the variance of y, as if noise could be predicted: the
#    test rows took part in the selection. The second selects in each fold
#    anew, and its error at this :math:`\lambda` is above the variance.
#
# 3. If the columns are orthogonal and of mean square 1, what do lasso, refit
#    and the shares between them do to a coefficient of least squares?
#
# .. dropdown:: Answer
#
#    All set it to zero if its size is at most :math:`\lambda`. The lasso
#    subtracts :math:`\lambda` from the size of the others (soft threshold), the
#    refit leaves them as they are (hard threshold), and a share
#    :math:`\gamma` subtracts :math:`\gamma \lambda`.
