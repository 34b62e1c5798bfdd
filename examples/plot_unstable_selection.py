r"""
Would other patients give the same features?
============================================

Some of them. Draw the patients again and fit the lasso to each draw: a few
features are chosen nearly every time, and the others come and go. Two features
that say nearly the same thing take each other's place. So report how often a
feature is chosen, not only whether it is.
"""

# %%
# A hundred draws of the same patients
# ------------------------------------
#
# The data are ten measurements of 442 patients. Nobody can measure other
# patients now, so the *bootstrap* imitates it: draw 442 of the patients at
# random, with replacement, and take the draw for a new sample. A draw contains
# some patients several times, and about a third of them not at all. For each of
# 100 draws the lasso is fitted for every :math:`\lambda`.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

from sklearn_reg import LassoRegressionCV, regularization_path

plt.style.use("sklearn_reg.legible")
data = load_diabetes(as_frame=True, scaled=False)
X, y, names = data.data.to_numpy(), data.target.to_numpy(), data.data.columns
n = len(y)
lambdas = np.geomspace(40, 0.1, 31)

rng = np.random.default_rng(0)
draws = [rng.integers(0, n, n) for _ in range(100)]
paths = []
for rows in draws:
    paths.append(
        regularization_path(X[rows], y[rows], lambdas, standardize=True)
    )
# An array of draws x lambdas x features.
chosen = np.array([path.coefs != 0 for path in paths])
frequency = chosen.mean(axis=0)

# %%
# In the left panel read along a row: in which share of the draws does the lasso
# choose this feature? The rows of bmi and s5 are bright nearly everywhere: all
# draws agree on them. In other rows there is a wide range of :math:`\lambda`
# without agreement: chance decides.
#
# The right panel is about s1 and s2, two kinds of cholesterol with a
# correlation of 0.9. Look above :math:`\lambda = 3`: of the draws that choose
# one of the two, about half choose s1 and half s2. Both together are chosen
# only at small :math:`\lambda`.

order = np.argsort(-frequency.sum(axis=0))
s1, s2 = (chosen[:, :, names.get_loc(name)] for name in ("s1", "s2"))
shares = {
    "neither": ~s1 & ~s2,
    "s2 without s1": ~s1 & s2,
    "s1 without s2": s1 & ~s2,
    "both": s1 & s2,
}

size = {"figsize": (10, 3.8), "width_ratios": [5, 4]}
figure, (left, right) = plt.subplots(1, 2, **size)
rows = frequency[:, order].T
mesh = left.pcolormesh(lambdas, np.arange(10), rows, vmin=0, vmax=1)
left.set_yticks(range(10), names[order])
left.invert_yaxis()
left.set(xscale="log", xlabel=r"$\lambda$ (more penalty to the right)")
left.set_title("Share of draws that choose the feature")
figure.colorbar(mesh, ax=left, ticks=[0, 0.5, 1])
right.stackplot(
    lambdas,
    [share.mean(axis=0) for share in shares.values()],
    labels=shares,
    colors=["0.9", "C1", "C0", "0.6"],
    hatch=["", "..", "//", ""],
    alpha=0.7,
)
right.set(xscale="log", xlabel=r"$\lambda$", ylim=(0, 1), xlim=(0.1, 40))
right.set(ylabel="share of draws", yticks=[0, 0.5, 1])
right.set_title("Which of s1 and s2 is chosen?")
right.legend(loc="lower right", reverse=True, frameon=True)
plt.show()

# %%
# At the lambda of the 1-SE rule
# ------------------------------
#
# One fit to all patients gives one list of features, and hides this. Here is
# the list with the frequencies at the same :math:`\lambda`.

model = LassoRegressionCV(rule="1se", standardize=True).fit(X, y)
at = abs(np.log(lambdas / model.lambda_)).argmin()  # the nearest of the grid
for j in order:
    fitted = "chosen" if model.coef_[j] else "zero"
    print(f"{names[j]:4s} {fitted:6s}  in {frequency[at, j]:4.0%} of the draws")
print(f"different lists in 100 draws: {len(np.unique(chosen[:, at], axis=0))}")

# %%
# What to remember
# ----------------
#
# A list of selected features is an estimate, and it varies as estimates do. A
# feature that nearly all draws choose is one that these data support. A feature
# that half of the draws choose may be chosen or not. Where two features share
# their information, do not read "s1, not s2" as a finding.
#
# The bootstrap is not the same as new patients: what is in these 442 patients
# by chance is also in most draws of them. Meinshausen and Bühlmann (2010),
# https://doi.org/10.1111/j.1467-9868.2010.00740.x, choose features by such
# frequencies (*stability selection*), and bound how many of them are chosen
# wrongly: :ref:`sphx_glr_auto_examples_plot_stability_selection.py`. What the
# elastic net does with such pairs:
# :ref:`sphx_glr_auto_examples_plot_redundant_features.py`.
#
# Exercises
# ---------
#
# 1. Stability selection draws half of the patients, without replacement. Which
#    features are in more than 80 % of such draws, at the :math:`\lambda` of the
#    1-SE rule?
#
# .. dropdown:: Answer
#
#    The same five as with the bootstrap: bmi, s5, bp, s3 and sex.
#
# 2. Add five columns of random numbers. How often is such a column chosen at
#    :math:`\lambda = 0.08`, where the cross-validation error is smallest, and
#    how often at the 1-SE rule's?
#
# .. dropdown:: Answer
#
#    In more than nine of ten draws at the first, and in less than half of them
#    at the second. So a high frequency supports a feature only if
#    :math:`\lambda` is large enough to leave noise out.
#
# 3. Fit an elastic net with `l1_ratio=0.25` and four times the :math:`\lambda`,
#    so that its L1 part is the same. Do s1 and s2 still take each other's
#    place? What does that cost?
#
# .. dropdown:: Answer
#
#    Hardly: nine of ten draws choose both, and there are only a few different
#    lists. The cost is sparsity: a draw has about nine features instead of six.
