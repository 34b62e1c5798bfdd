r"""
How far off can a prediction be?
================================

Errors on the rows of the fit are too small to tell. Errors on rows that a fold
did not see are not: `predict_interval` turns them into intervals that contain
the stated share of new targets, whatever the distribution of the noise.
"""

# %%
# Many features, few patients
# ---------------------------
#
# The data are ten measurements of 442 patients, and how far their diabetes had
# progressed a year later. With squares and products there are 65 features. The
# lasso is fitted to 100 patients, and predicts the other 342.
#
# A naive interval is the prediction plus and minus :math:`q`, with :math:`q` so
# large that 90 % of the patients of the fit are inside. But the lasso was
# fitted to these patients. *CV+* [1]_ takes the error of each patient from the
# fold that left this patient out, and the predictions of all folds for the new
# one. No extra fit is needed: cross-validation has fitted the folds already.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, scale

from sklearn_reg import LassoRegressionCV

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True)
X = scale(PolynomialFeatures(2, include_bias=False).fit_transform(scale(X)))
level = 0.9


def both_intervals(rows, new, level=level):
    """Fit some rows; return the ends of both kinds of interval for others."""
    model = LassoRegressionCV(25, eps=1e-2).fit(X[rows], y[rows])
    q = np.quantile(abs(y[rows] - model.predict(X[rows])), level)
    predicted = model.predict(X[new])
    return {
        "naive": (predicted - q, predicted + q),
        "CV+": model.predict_interval(X[new], level),
    }


def coverage(n, level=level, repeats=50):
    """Return the share of new patients inside, for many draws of n."""
    rng = np.random.default_rng(0)
    shares = {"naive": [], "CV+": []}
    for _ in range(repeats):
        rows, new = np.split(rng.permutation(len(y)), [n])
        for kind, (lower, upper) in both_intervals(rows, new, level).items():
            inside = (lower <= y[new]) & (y[new] <= upper)
            shares[kind].append(np.mean(inside))
    return shares


# %%
# The left panel shows the intervals of 40 new patients, from one draw of 100.
# The right panel repeats the draw 50 times, and shows which share of the new
# patients is inside.

rows, new = np.split(np.random.default_rng(3).permutation(len(y)), [100])
new = new[:40]
ends = both_intervals(rows, new)
middle = np.mean(ends["naive"], axis=0)  # the prediction
order = np.argsort(middle)
shares = coverage(100)

size = {"figsize": (10, 4), "width_ratios": [3, 2]}
figure, (left, right) = plt.subplots(1, 2, **size)
at = np.arange(len(new))
for kind, color, width in (("CV+", "C0", 6), ("naive", "C1", 3)):
    lower, upper = np.array(ends[kind])[:, order]
    left.vlines(at, lower, upper, color, lw=width, label=kind)
left.plot(at, y[new][order], "ko", ms=4, label="what came")
left.set(xlabel="new patients, by their prediction", xticks=[])
left.set(ylabel="progression of the disease")
left.set_title("Intervals of one draw")
left.set_ylim(-80, 430)
left.legend(loc="upper left", ncols=3)
edges = np.arange(0.5, 1.0001, 0.02)
for kind, color, hatch in (("CV+", "C0", ""), ("naive", "C1", "//")):
    style = {"color": color, "alpha": 0.6, "hatch": hatch}
    right.hist(shares[kind], edges, label=kind, **style)
right.axvline(level, color="k", ls="--", label="90 %")
right.set(xlabel="share of new patients inside", ylabel="draws")
right.set_title("50 draws of 100 patients")
right.legend(loc="upper left")
plt.show()

for kind, share in shares.items():
    lowest, highest = np.quantile(share, [0.1, 0.9])
    print(
        f"{kind:6s} {np.mean(share):4.0%} of new patients inside,"
        f" {lowest:.0%} to {highest:.0%} in 8 of 10 draws"
    )

# %%
# What to remember
# ----------------
#
# The naive interval is too narrow, and the more so, the fewer rows there are
# for a feature. The interval of the folds is as wide as it has to be: over the
# draws it contains about 90 % of the new patients. In one draw it may be a
# little more or less, because 100 patients tell the width only roughly.
#
# The theorem [1]_ promises less than what is seen here: at least
# :math:`1 - 2 \alpha - \sqrt{2 / n}` for :math:`\alpha` = 10 %, and at least
# :math:`1 - 2 \alpha` with `cv=LeaveOneOut()`, the *jackknife+*. It asks that
# new rows come from where those of the fit came from, so it does not hold for
# the future of a time series, or for patients of another hospital. And it does
# not cover that :math:`\lambda` was chosen by the errors of the same folds;
# here one sees that this does not matter much.
#
# .. [1] R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani (2021).
#    Predictive inference with the jackknife+. Annals of Statistics 49(1).
#    https://doi.org/10.1214/20-AOS1965
#
# Exercises
# ---------
#
# 1. Call `coverage` for 30 and for 300 patients. What becomes of the two kinds
#    of interval?
#
# .. dropdown:: Answer
#
#    With 30 patients the naive intervals contain only two thirds of the others,
#    and those of the folds 90 %. With 300 patients both contain nearly 90 %:
#    the lasso has hardly fitted the noise of any of them.
#
# 2. Call it with `level=0.5`. Do half of the patients fall inside?
#
# .. dropdown:: Answer
#
#    Half of them fall into the intervals of the folds, and about 43 % into the
#    naive ones.
#
# 3. Let the noise grow: draw 4000 values of one feature :math:`x` from 0 to 1,
#    and y as :math:`x` plus :math:`x` times a normal number. Fit
#    `RidgeRegressionCV` to half of them. Which share of the others is inside,
#    for :math:`x` below 0.5, above 0.9, and for all?
#
# .. dropdown:: Answer
#
#    About 90 % of all, but nearly all of those below 0.5, and only two thirds
#    of those above 0.9. The width hardly depends on :math:`x`, and the promise
#    is about the average of all rows, not about rows with a given :math:`x`.
