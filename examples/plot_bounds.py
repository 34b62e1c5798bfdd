r"""
What if I know the sign, or the range, of a coefficient?
========================================================

Say so, with `bounds=(lower, upper)`. The fit is then the best one among those
that agree with what you know. It can help far beyond the coefficient that is
bounded: other coefficients no longer have to make up for an impossible one.
"""

# %%
# A path that meets its bounds
# ----------------------------
#
# The data are ten measurements of 442 patients, standardised, and the
# progression of their diabetes a year later. Suppose that earlier studies say:
# a standard deviation of s5 (the logarithm of triglycerides) raises the
# progression by at most 24, and one of s3 (HDL, the "good" cholesterol) lowers
# it by at most 8. Bounds by name say that, and leave the other features free.
# Bounds must contain zero: the penalty pulls there, and there the path begins.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    RegularizationPathDisplay,
    RidgeRegression,
    regularization_path,
)

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)
bounds = {"s3": -8}, {"s5": 24}  # lower, upper

free = regularization_path(X, y, eps=1e-3)
bounded = regularization_path(X, y, free.lambdas, bounds=bounds)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
axes[0].set_ylim(-34, 38)
for ax, path in zip(axes, (free, bounded), strict=True):
    RegularizationPathDisplay.from_path(path, ax=ax)
for limit, name in ((24, "s5 at most 24"), (-8, "s3 at least -8")):
    axes[1].axhline(limit, color="0.4", linewidth=1, linestyle=(0, (1, 2)))
    axes[1].text(40, limit + 1, name, color="0.3", ha="right", fontsize=9)
axes[0].set_title("Free")
axes[1].set_title("Within bounds")
axes[1].set_ylabel("")
plt.show()

# %%
# Read both panels from right to left, as the penalty becomes smaller. s3 reaches
# its bound, stays there for a while, and leaves it again, as a weight may leave
# zero and come back. s5 reaches its bound later and stays.
#
# The larger surprise is s1. On the left s1 and s2, two kinds of cholesterol
# with a correlation of 0.9, run apart: one takes back what the other gives. On
# the right they hardly do, although neither has a bound.

table = bounded.to_frame()
at_bound = table.loc[table["s3"] == -8, "lambda"]
print(
    f"s3 is at its bound from lambda = {at_bound.max():.2f} down to "
    f"{at_bound.min():.2f}, s5 from {table.loc[table['s5'] == 24, 'lambda'].max():.2f} on"
)
assert at_bound.min() > bounded.lambdas[-1]
for name, path in (("free", free), ("bounded", bounded)):
    last = path.to_frame()[["s1", "s2", "s3", "s5"]].iloc[-1]
    print(f"{name:8s}", last.round(1).to_dict())

# %%
# Ten dimmed lamps
# ----------------
#
# Often both ends are known. Ten lamps of different colours shine into a room,
# each dimmed to a setting between 0 and 1. A spectrometer measures the sum of
# their light at 61 wavelengths, with a little noise. How bright is each lamp?
# The spectra of neighbours overlap, so that least squares can trade one against
# the other, and does.

wavelengths = np.linspace(400, 700, 61)
peaks = np.linspace(425, 675, 10)
lamps = np.exp(-0.5 * ((wavelengths[:, None] - peaks) / 35) ** 2)
settings = np.array([1, 1, 0.6, 0, 0, 0.3, 1, 1, 0, 0])
rng = np.random.default_rng(0)
measured = lamps @ settings + 0.05 * rng.standard_normal((100, 61))


def settings_by(lambda_=0.0, **limits):
    """Fit each measurement, as a target of its own."""
    model = RidgeRegression(lambda_, solver="auto", fit_intercept=False)
    return model.set_params(**limits).fit(lamps, measured.T).coef_


def error(found):
    return np.sqrt(np.mean((found - settings) ** 2))


ridges = [settings_by(lambda_) for lambda_ in np.geomspace(1e-5, 0.1, 21)]
fits = {
    "least squares": settings_by(),
    "ridge, best lambda": min(ridges, key=error),
    "at least 0": settings_by(positive=True),
    "between 0 and 1": settings_by(bounds=(0, 1)),
}
for name, found in fits.items():
    print(f"{name:18s} typical error of a setting: {error(found):.3f}")
assert error(fits["at least 0"]) < 0.25 * error(fits["least squares"])
assert error(fits["between 0 and 1"]) < 0.25 * error(fits["ridge, best lambda"])

# %%
# The left panel shows one measurement, the right panel what each fit makes of
# it. Least squares has lamps that swallow light. Not to allow that
# (`positive=True`) helps about as much as a ridge does whose :math:`\lambda` is
# the best of 21, judged by the true settings, which nobody knows otherwise. Not
# to allow more than full light either makes the error several times smaller
# again: most lamps here are off or at full light, and a bound gives exactly
# that.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[2, 3])
axes[0].plot(wavelengths, lamps * settings, color="0.6", lw=1, ls="-")
axes[0].plot(wavelengths, measured[0], "k.", markersize=4)
axes[0].set(xlabel="wavelength (nm)", ylabel="light")
axes[0].set_title("Measured (dots), and the lamps behind it")
axes[1].axhspan(0, 1, color="0.92", zorder=0)
places = np.arange(10)
for k, (name, found) in enumerate(fits.items()):
    axes[1].plot(
        places + 0.16 * (k - 1.5), found[0], "osv^"[k], markersize=5, label=name
    )
axes[1].hlines(
    settings, places - 0.4, places + 0.4, color="black", label="true setting"
)
axes[1].set(xlabel="lamp", ylabel="setting", xticks=places)
axes[1].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
plt.show()

# %%
# What to remember
# ----------------
#
# A bound that you know is information, and it is free of choices: it needs no
# :math:`\lambda`, and unlike a penalty it does not pull those coefficients
# that agree with it. It stabilises its neighbours as well: a coefficient that
# cannot run away leaves nothing to make up for. Bounds from below by zero are
# an old case (non-negative least squares, Lawson and Hanson 1974,
# https://doi.org/10.1137/1.9781611971217).
#
# A coefficient at its bound says that the data would go further. Look at such
# coefficients: either the noise pulls them, or what you know is wrong. The
# formula, the costs, and a bound away from zero: :doc:`/guide/beyond`.
#
# Exercises
# ---------
#
# 1. Suppose that no kind of cholesterol lowers the progression, so that s1 and
#    s2 must not be negative. What becomes of the two along the path, and what
#    does that cost at its end?
#
# .. dropdown:: Answer
#
#    With `bounds=({"s1": 0, "s2": 0}, None)` both are zero for every
#    :math:`\lambda`. At the end of the path the mean squared error on these
#    patients is only 1.4 % larger than without bounds: these data say little
#    about the two.
#
# 2. What does a wrong bound cost? Let no lamp be brighter than 0.8.
#
# .. dropdown:: Answer
#
#    The four lamps at full light are at 0.8. That is an error of 0.2 for each
#    of them, and lamps beside them make up for the missing light: those with
#    the settings 0.6, 0.3 and 0 next to them are about 0.2 too bright. The
#    typical error becomes 0.17, larger than that of `positive=True` alone.
#
# 3. The dimmer of the third lamp cannot go below 0.5. How do you say that, if
#    bounds must contain zero?
#
# .. dropdown:: Answer
#
#    Measure its setting from 0.5: subtract `0.5 * lamps[:, 2]` from what was
#    measured, fit with the upper bound 0.5 for this lamp, and add 0.5 to its
#    coefficient.
