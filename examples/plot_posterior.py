r"""
How sure can a ridge be of its weights?
=======================================

If the weights are expected to be Gaussian before the data are seen, then they
are Gaussian afterwards too: ridge gives their mean, and the same matrix gives
their covariance. Intervals from it contain the truth as often as they claim, on
average over weights that are like the prior. For weights that are not, they can
be wrong most of the time.
"""

# %%
# From a prior to a posterior
# ---------------------------
#
# Let the weights have the prior :math:`w \sim N(0, \tau^2 I)`, and let
# :math:`y \sim N(Xw, \sigma^2 I)`. By Bayes' rule the *posterior*, the
# distribution of the weights given the data, is Gaussian as well, with
#
# .. math::
#     \text{mean } (X^\top X + n \lambda I)^{-1} X^\top y, \qquad
#     \text{covariance } \sigma^2 (X^\top X + n \lambda I)^{-1}, \qquad
#     \lambda = \frac{\sigma^2}{n \tau^2} .
#
# The mean is ridge. A *credible interval* of 90 % is the mean plus and minus
# 1.64 standard deviations. A prediction :math:`x^\top w` has an interval too:
# its variance is :math:`x^\top` times the covariance times :math:`x`.
#
# Here is a curve through 24 points: a ridge on 15 bumps, each a feature that is
# large near one x. The truth was drawn from the prior.

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from sklearn_reg import RidgeRegression

plt.style.use("sklearn_reg.legible")
rng = np.random.default_rng(3)
n, p, tau, sigma = 24, 15, 1.0, 0.4


def bumps(x):
    distances = np.subtract.outer(x, np.linspace(0, 1, p))
    return np.exp(-((distances / 0.07) ** 2) / 2)


def posterior(X, Y, tau):
    """Return the posterior means, one row per target, and their covariance."""
    inverse = np.linalg.inv(X.T @ X + sigma**2 / tau**2 * np.eye(p))
    return Y.T @ X @ inverse, sigma**2 * inverse


x = np.sort(np.append(rng.uniform(0, 0.5, 16), rng.uniform(0.75, 1, n - 16)))
X, w_true = bumps(x), tau * rng.standard_normal(p)
y = X @ w_true + sigma * rng.standard_normal(n)
mean, covariance = posterior(X, y, tau)
lambda_ = sigma**2 / (n * tau**2)
ridge = RidgeRegression(lambda_, solver="auto", fit_intercept=False)
np.testing.assert_allclose(ridge.fit(X, y).coef_, mean)

# %%
# Look at the gap between the points. Without data the ridge goes back towards
# zero, the mean of the prior, and the band becomes nearly as wide as before the
# data.

fine = np.linspace(0, 1, 301)
middle = bumps(fine) @ mean
sd = np.sqrt(np.einsum("ij,jk,ik->i", bumps(fine), covariance, bumps(fine)))
prior_sd = tau * np.linalg.norm(bumps(fine), axis=1)
z = stats.norm.ppf(0.95)

figure, ax = plt.subplots(figsize=(7, 3.8))
bands = {
    "90 % before the data": (0, prior_sd, "0.7"),
    "90 % after": (middle, sd, "C0"),
}
for label, (center, width, color) in bands.items():
    ends = center - z * width, center + z * width
    ax.fill_between(fine, *ends, color=color, alpha=0.3, label=label)
ax.plot(fine, middle, "-", color="C0", label="ridge")
ax.plot(fine, bumps(fine) @ w_true, "k--", linewidth=1, label="truth")
ax.plot(x, y, "ok", linestyle="none", markersize=4)
ax.set(xlabel="x", ylabel="y", title="Where the data are, the band is narrow")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Do they contain the truth?
# --------------------------
#
# Draw 4000 truths from the prior, a data set for each, and count how many
# intervals contain their weight. In the left panel look at the solid line: it
# is on the diagonal, so intervals of 50 % contain half of the weights, and so
# on. If the prior is three times too narrow, the intervals contain too few; if
# it is three times too wide, about as many as they should, or more, but they
# are wider.
#
# The right panel takes the right prior, and sorts the same weights by their
# size. The intervals of 90 % contain small weights more often than that, and
# large ones much less often, because the mean is shrunk towards zero. The 90 %
# are an average over the prior. For one weight that you have in mind, they are
# not true.

W = tau * rng.standard_normal((4000, p))
Y = X @ W.T + sigma * rng.standard_normal((n, 4000))
levels = np.linspace(0.05, 0.99, 48)


def distances(assumed):
    """Return how many standard deviations the weights are from their means."""
    means, covariance = posterior(X, Y, assumed)
    return np.abs(W - means) / np.sqrt(covariance.diagonal())


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
priors = {
    "right": tau,
    "3 times too narrow": tau / 3,
    "3 times too wide": 3 * tau,
}
for name, assumed in priors.items():
    # What the interval claims that ends at the truth.
    claimed = 2 * stats.norm.cdf(distances(assumed)) - 1
    inside = np.mean(claimed.ravel() < levels[:, None], axis=1)
    left.plot(levels, inside, label=f"prior {name}")
left.plot([0, 1], [0, 1], color="0.6", linestyle=":", linewidth=1)
left.set(xlabel="claimed", ylabel="share of weights inside")
left.set_title("What the intervals claim, and what is true")
left.legend(loc="upper left", fontsize="small")

hit = distances(tau) < z
place = (4 * np.abs(W) / tau).astype(int)  # in steps of tau / 4
inside = [hit[place == k].mean() for k in range(12)]
right.plot((np.arange(12) + 0.5) / 4, inside, "o-")
right.axhline(0.9, color="black", linestyle=":", linewidth=1)
right.set(xlabel=r"size of the true weight, $|w| / \tau$", ylim=(0, 1.03))
right.set_title("Share of weights inside their intervals of 90 %")
plt.show()

assert abs(hit.mean() - 0.9) < 0.005
print(f"right prior: {hit.mean():.1%} of weights in their intervals of 90 %")

# %%
# What to remember
# ----------------
#
# A ridge with its covariance says how sure it is, if two numbers are right: the
# variance of the noise and that of the prior. Only their ratio is in
# :math:`\lambda`, so cross-validation chooses the ratio; the noise has to be
# estimated as well, for example from the residuals. The intervals then are
# about weights that the prior expects. They are not confidence intervals, which
# hold for each weight, and the lasso has no such simple posterior:
# :ref:`sphx_glr_auto_examples_plot_priors.py`. The formulas are in Lindley and
# Smith (1972), https://doi.org/10.1111/j.2517-6161.1972.tb00885.x.
#
# Exercises
# ---------
#
# 1. Measure each of the 24 points four times. How much narrower do the
#    intervals of the weights become?
#
# .. dropdown:: Answer
#
#    At most by half, as for a mean. Weights about which the data say little
#    keep more of the width of the prior, so their intervals change less.
#
# 2. Compute the intervals of 90 % of least squares for the same data. How often
#    do they contain the truth, for small and for large weights? How wide are
#    they?
#
# .. dropdown:: Answer
#
#    In 90 % of the draws for every size of the weight: least squares does not
#    shrink. But each is wider than the interval of ridge, and some are many
#    times as wide.
#
# 3. Which prior is :math:`\lambda = 0`, and which is a very large
#    :math:`\lambda`?
#
# .. dropdown:: Answer
#
#    As :math:`\lambda` goes to 0, :math:`\tau` goes to infinity: all weights
#    are equally likely before the data, and mean and covariance are those of
#    least squares. As :math:`\lambda` grows, :math:`\tau` goes to 0, and mean
#    and covariance go to 0: the data are ignored.
