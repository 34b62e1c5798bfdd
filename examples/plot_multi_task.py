r"""
When do several targets share their features?
=============================================

When the same few features matter for all of them, select the features for all
targets together: `groups="targets"`. Each target then helps to find the
features of the others. When each target has features of its own, this does
harm, and independent lassos are better. The more targets there are, the larger
is the difference, in both directions.
"""

# %%
# Eight targets and the same five features
# ----------------------------------------
#
# The data are made up, because on real data nobody knows the truth: 40 samples,
# 30 features, and eight targets. The same five features matter for all targets,
# each time with other weights. A weight of a feature may be small for one
# target, and large for another.
#
# A `LassoRegressionCV` fits one lasso for each target, here with a
# :math:`\lambda` of its own. `GroupLassoRegressionCV(groups="targets")` is the
# multi-task lasso. Its penalty is, with :math:`w_{kj}` the weight of feature j
# for target k,
#
# .. math:: \lambda \sum_j \sqrt{\sum_k w_{kj}^2} .
#
# Under the root are the weights of one feature for all targets, so they become
# zero together.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_reg import (
    GroupLassoRegressionCV,
    LassoRegressionCV,
    regularization_path,
)

plt.style.use("sklearn_reg.legible")
n, p, n_matter, noise = 40, 30, 5, 2.0


def sample(n_targets, n_shared, rng):
    """Return X and Y, of 2 n samples, and the weights of the truth."""
    W = np.zeros((n_targets, p))
    for w in W:
        own = rng.choice(np.arange(n_shared, p), n_matter - n_shared, False)
        w[[*range(n_shared), *own]] = rng.standard_normal(n_matter)
    X = rng.standard_normal((2 * n, p))
    return X, X @ W.T + noise * rng.standard_normal((2 * n, n_targets)), W


X, Y, W = sample(8, n_matter, np.random.default_rng(0))
apart = LassoRegressionCV(20, eps=0.05, lambda_per_target=True)
joint = GroupLassoRegressionCV(20, eps=0.05, groups="targets")
found = {
    "truth": W,
    "independent lassos": apart.fit(X[:n], Y[:n]).coef_,
    "selected together": joint.fit(X[:n], Y[:n]).coef_,
}
for name, weights in found.items():
    hit = np.count_nonzero(weights[:, :n_matter])
    others = np.count_nonzero(weights[:, n_matter:].any(axis=0))
    print(f"{name}: {hit} of 40 weights that matter, {others} other features")
figure, axes = plt.subplots(3, 1, figsize=(7.2, 5.4), sharex=True)
for ax, (name, weights) in zip(axes, found.items(), strict=True):
    image = ax.imshow(
        np.where(weights == 0, np.nan, weights),
        cmap="RdBu",
        vmin=-2,
        vmax=2,
        aspect="auto",
    )
    n_any = np.count_nonzero(weights.any(axis=0))
    ax.set_title(f"{name}: {n_any} features")
    ax.set_yticks([0, 7], ["1", "8"])
    ax.set_ylabel("target")
    ax.set_xticks(np.arange(p + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(9) - 0.5, minor=True)
    ax.grid(which="minor", color="0.85", linewidth=0.5)
    ax.tick_params(which="minor", length=0)
axes[-1].set_xticks([0, 4, 9, 14, 19, 24, 29], [1, 5, 10, 15, 20, 25, 30])
axes[-1].set_xlabel("feature (those that matter: 1 to 5)")
figure.colorbar(image, ax=axes, label="weight (white: zero)", extend="both")
plt.show()

# %%
# Each row is a target. The lassos select different features for each, and miss
# many of those that matter. Together, the targets select whole columns: all of
# the five, and others that do not matter, whose weights are small and so pale.
# Cross-validation is for prediction. It lets noise in here as it does for the
# lasso.
#
# How many targets, and do they share?
# ------------------------------------
#
# Now for one to eight targets, whose features are either the same five, or five
# for each that are drawn at random. The path of each kind is followed on 40
# samples, and another 40 samples choose :math:`\lambda`. The error is that of
# the weights, :math:`|\hat W - W|^2`. Because the features are independent and
# of variance 1, it is the error of prediction without the noise. The left panel
# shows its sum over eight data sets, relative to that of independent lassos.


def chosen(X, Y, groups):
    """Return the weights that predict the validation samples best."""
    path = regularization_path(X[:n], Y[:n], 8, groups=groups, eps=0.05)
    fitted = path.coefs @ X[n:].T + path.intercepts[:, :, None]
    errors = np.mean((Y[n:].T - fitted) ** 2, axis=2)
    if groups is not None:  # one lambda for all targets
        return path.coefs[errors.mean(axis=1).argmin()]
    return path.coefs[errors.argmin(axis=0), np.arange(Y.shape[1])]


numbers, kinds = [1, 2, 4, 8], {"apart": None, "together": "targets"}
errors, hits = {}, {}
for n_shared in (5, 0):
    for n_targets in numbers:
        for seed in range(8):
            rng = np.random.default_rng(seed)
            X, Y, W = sample(n_targets, n_shared, rng)
            for kind, groups in kinds.items():
                off = (weights := chosen(X, Y, groups)) - W
                case = n_shared, kind, n_targets
                errors[case] = errors.get(case, 0) + np.sum(off**2)
                hit = np.mean((weights != 0)[W != 0])
                hits[case] = hits.get(case, 0) + hit / 8

figure, axes = plt.subplots(1, 2, figsize=(10, 4))
names = {5: "the same five features", 0: "five of its own for each"}
for (n_shared, name), marker in zip(names.items(), "o^", strict=True):
    ratios = [
        errors[n_shared, "together", k] / errors[n_shared, "apart", k]
        for k in numbers
    ]
    print(f"error, {name:24s}", *(f"{ratio:.2f}" for ratio in ratios))
    axes[0].plot(numbers, ratios, marker=marker, label=name)
axes[0].axhline(1, color="0.4", linestyle=":", linewidth=1)
axes[0].set_ylabel("error together / error apart")
axes[0].set_title("Below 1: selecting together is better")
axes[0].legend()
for kind, marker in zip(kinds, "so", strict=True):
    share = [hits[5, kind, k] for k in numbers]
    print(f"found, {kind:24s}", *(f"{value:.2f}" for value in share))
    axes[1].plot(numbers, share, marker=marker, label=kind)
axes[1].set(ylim=(0, 1.05), ylabel="share of the five that is found")
axes[1].set_title("The same five features")
axes[1].legend(loc="lower right")
for ax in axes:
    ax.set(xscale="log", xlabel="number of targets")
    ax.set_xticks(numbers, numbers)
    ax.minorticks_off()
plt.show()

assert errors[5, "together", 8] < 0.8 * errors[5, "apart", 8]
assert errors[0, "together", 8] > 1.2 * errors[0, "apart", 8]
assert hits[5, "together", 8] > 0.95 > 0.7 > hits[5, "apart", 8]

# %%
# With one target the two are the same. With eight targets that share their
# features, selecting together has less than 80 % of the error of independent
# lassos, and finds nearly all of the features. Independent lassos do not learn
# from more targets: they find about two thirds. With eight targets that do not
# share their features, each target gets those of the others too, and the error
# is more than 20 % larger.
#
# What to remember
# ----------------
#
# To select together is an assumption about the truth, and the data can check
# it: compare the two by cross-validation. Scale targets of different units
# first, because the penalty adds their weights (exercise 1). The page about all
# kinds of groups: :doc:`/guide/groups`. Theory, and when it helps: Obozinski,
# Wainwright and Jordan (2011), https://doi.org/10.1214/09-AOS776.
#
# Exercises
# ---------
#
# 1. Multiply one of the targets by 100, as if its unit had changed. Which
#    features are selected then?
#
# .. dropdown:: Answer
#
#    Those of this target: the others are too small to count. `lambda_max` is
#    nearly that of this target alone, and half of it selects the same features
#    as a lasso for this target.
#
# 2. Rotate the targets: `Y @ Q` with an orthogonal matrix Q. What becomes of
#    the weights of both kinds?
#
# .. dropdown:: Answer
#
#    Selecting together gives the rotated weights, `Q.T @ W`, and the same
#    features: a rotation changes neither the sum of squares of the errors nor
#    the length of a feature's weights. Independent lassos select others.
#
# 3. And if the targets share three of their five features?
#
# .. dropdown:: Answer
#
#    Then it hardly matters here: with four or eight targets the errors differ
#    by less than 15 %. What is gained with the three is lost with the others.
