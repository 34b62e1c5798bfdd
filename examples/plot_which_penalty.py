r"""
Which penalty when?
===================

The lasso if few features matter. Ridge if most features matter a little each.
The elastic net if some groups of correlated features matter, or if you do not
know: it is rarely far from the best. A wrong choice costs most if few features
matter.
"""

# %%
# Five truths
# -----------
#
# On real data nobody knows how many features matter. So the data here are made
# up, with 40 features. In three of five truths the features are independent,
# and 2, 8 or all 40 of them have an effect. In the other two they come in ten
# groups of four, with a correlation of 0.9 within a group, and 2 or all 10
# groups have an effect, the same for all members of a group. The signal, which
# is the part of y that the features explain, has the variance 1 in each truth,
# and the noise has 0.25.
#
# Each model is fitted along a grid of :math:`\lambda`. As many samples again,
# the *validation set*, choose the best :math:`\lambda`. The number to compare
# is the *share of the signal that is missed*: the mean squared distance between
# prediction and signal on new data, divided by the variance of the signal. It
# is 0 for the truth and 1 for a model without features. As the distribution of
# the data is known, no test set is needed for it.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_reg import regularization_path

plt.style.use("sklearn_reg.legible")
p = 40
penalties = {"lasso": 1.0, "elastic net": 0.5, "ridge": 0.0}
truths = {  # the size of a group, and how many groups matter
    "2 features of 40": (1, 2),
    "8 features of 40": (1, 8),
    "all 40 features": (1, 40),
    "2 groups of 10": (4, 2),
    "all 10 groups": (4, 10),
}


def missed(n, size, n_matter, rng):
    """Return the share of the signal that each penalty misses, once."""
    within = 0.1 * np.eye(size) + 0.9
    correlation = np.kron(np.eye(p // size), within)
    w = np.zeros(p)
    w[: n_matter * size] = np.repeat(rng.standard_normal(n_matter), size)
    w /= np.sqrt(w @ correlation @ w)  # so that the signal has the variance 1
    X = rng.standard_normal((2 * n, p)) @ np.linalg.cholesky(correlation).T
    y = X @ w + rng.normal(0, 0.5, 2 * n)
    shares = []
    for l1_ratio in penalties.values():
        path = regularization_path(X[:n], y[:n], 12, l1_ratio, eps=1e-2)
        errors = y[n:] - path.coefs @ X[n:].T - path.intercepts[:, None]
        best = path.coefs[np.mean(errors**2, axis=1).argmin()]
        shares.append((best - w) @ correlation @ (best - w))
    return shares


means = {}
for n in (20, 40, 160):
    rng = np.random.default_rng(0)
    means[n] = []
    for truth in truths.values():
        shares = [missed(n, *truth, rng) for _ in range(6)]
        means[n].append(np.mean(shares, axis=0))

# %%
# The numbers are the missed shares, means of six data sets. The colour says how
# many times a share is as large as the smallest of its row. Look along each row
# for the darkest field. In the first row it is the lasso, at all numbers of
# samples; in the third and the fifth it is ridge; in the fourth it is the
# elastic net. Then look down the column of the elastic net: no field is bright.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True)
for ax, (n, mean) in zip(axes, means.items(), strict=True):
    worse = mean / np.min(mean, axis=1, keepdims=True)
    mesh = ax.imshow(worse, vmin=1, vmax=3, aspect="auto")
    for (i, j), value in np.ndenumerate(mean):
        color = "black" if worse[i, j] > 2 else "white"
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=color)
    ax.set_xticks(range(3), penalties)
    ax.set_title(f"{n} samples, {n / p:g} per feature")
    ax.spines[:].set_visible(False)
axes[0].set_yticks(range(len(truths)), truths)
bar = figure.colorbar(mesh, ax=axes, ticks=[1, 2, 3], extend="max")
bar.set_label("times the best")
plt.show()

# %%
# What to remember
# ----------------
#
# Ask what you know of the truth before you ask the data. A lasso assumes that
# few features matter (Tibshirani 1996,
# https://doi.org/10.1111/j.2517-6161.1996.tb02080.x). A ridge assumes that all
# do. The elastic net stands between them, and keeps correlated features
# together (Zou and Hastie 2005,
# https://doi.org/10.1111/j.1467-9868.2005.00503.x). The table is about
# predicting. If you want a short list of features, take an L1 part even where
# ridge predicts a little better; how far to trust the list:
# :ref:`sphx_glr_auto_examples_plot_unstable_selection.py`. What your own data
# say about the three: :doc:`/guide/which_penalty`.
#
# Exercises
# ---------
#
# 1. Let cross-validation choose the share of L1 as well, with
#    `ElasticNetRegressionCV(l1_ratio=[0.1, 0.5, 1.0])` and 80 samples. What
#    does it choose if 2 features matter, and if all 40 do?
#
# .. dropdown:: Answer
#
#    If 2 features matter it chooses 1, the lasso, in nearly every data set. If
#    all 40 do it mostly chooses 0.1, but not always: the errors of the three
#    are near to each other then.
#
# 2. In the truth with 2 groups eight features have an effect. How many of them
#    does the lasso choose with 40 samples, and how many an elastic net with
#    `l1_ratio=0.2`, both by the 1-SE rule?
#
# .. dropdown:: Answer
#
#    The lasso chooses about half of the eight on average, and the elastic net
#    six or seven.
#
# 3. Raise the standard deviation of the noise from 0.5 to 3, with 40 samples
#    and 2 features that matter. Does the choice of the penalty still matter?
#
# .. dropdown:: Answer
#
#    Hardly. Both lasso and ridge miss more than three quarters of the signal.
#    Without information in the data no penalty can help.
