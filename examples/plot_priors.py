r"""
Which beliefs are the penalties?
================================

A penalty says which weights are expected before any data are seen. Ridge expects weights from a
Gaussian distribution, the lasso from a Laplace distribution, and both fits are the *most probable*
weights given the data: the maximum a posteriori (MAP) estimate.
"""

# %%
# From a belief to a penalty
# --------------------------
#
# Let :math:`y_i = x_i^\top w + \text{noise}`, the noise Gaussian with variance :math:`\sigma^2`. By
# Bayes' rule the posterior density of the weights is the likelihood times the prior, and minus its
# logarithm is, apart from a constant,
#
# .. math::
#     \frac{1}{2 \sigma^2} \sum_i (y_i - x_i^\top w)^2 - \sum_j \log p(w_j) .
#
# Multiplied by :math:`\sigma^2 / n` the first term is the loss, so the second is the penalty:
#
# .. math::
#     \text{Gaussian, variance } \tau^2: \quad -\log p(w_j) = \frac{w_j^2}{2 \tau^2} + \text{const}
#     \;\Rightarrow\; \lambda = \frac{\sigma^2}{n \tau^2} \text{ in ridge,}
#
# .. math::
#     \text{Laplace, scale } \beta: \quad -\log p(w_j) = \frac{|w_j|}{\beta} + \text{const}
#     \;\Rightarrow\; \lambda = \frac{\sigma^2}{n \beta} \text{ in the lasso.}
#
# Here are two priors of the same variance. The Laplace has a peak at zero and longer tails: most
# weights are tiny, and a few are large.

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from sklearn_reg import LassoRegression, RidgeRegression

plt.style.use("sklearn_reg.legible")
tau = 1.0
# A Laplace distribution of scale beta has variance 2 beta^2.
beta = tau / np.sqrt(2)
priors = {
    "Gaussian": (stats.norm(scale=tau), RidgeRegression),
    "Laplace": (stats.laplace(scale=beta), LassoRegression),
}

w = np.linspace(-4, 4, 801)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
for name, (prior, _) in priors.items():
    axes[0].plot(w, prior.pdf(w), label=name)
    axes[1].plot(w, prior.logpdf(0) - prior.logpdf(w), label=name)
axes[0].set(xlabel="weight", ylabel="density", title="What is believed")
axes[1].set(
    xlabel="weight",
    ylabel="minus log density",
    title="What it costs: L2 and L1",
)
axes[0].legend()
plt.show()

# %%
# The most probable weight is the fit
# -----------------------------------
#
# One feature and twenty samples, so that the posterior can be computed on a grid of weights, with
# no solver in sight. Its highest point is where the estimators end. (The seed is chosen such
# that for the lasso it is zero.)

rng = np.random.default_rng(4)
n, sigma = 20, 2.0
x = rng.standard_normal(n)
y = 0.45 * x + sigma * rng.standard_normal(n)

grid = np.linspace(-1.5, 2.6, 82_001)
# |y - x w|^2 for every w.
squares = y @ y - 2 * grid * (x @ y) + grid**2 * (x @ x)
lambdas = {
    "Gaussian": sigma**2 / (n * tau**2),
    "Laplace": sigma**2 / (n * beta),
}

figure, ax = plt.subplots(figsize=(7, 4))
for k, (name, (prior, Regression)) in enumerate(priors.items()):
    log_posterior = -squares / (2 * sigma**2) + prior.logpdf(grid)
    posterior = np.exp(log_posterior - log_posterior.max())
    posterior /= np.trapezoid(posterior, grid)
    fit = Regression(lambdas[name], solver="auto", fit_intercept=False).fit(
        x[:, None], y
    )
    most_probable = grid[posterior.argmax()]
    np.testing.assert_allclose(fit.coef_[0], most_probable, atol=1e-4)
    label = f"{name} prior: {Regression.__name__} gives {fit.coef_[0]:.2f}"
    ax.plot(
        grid, posterior, color=f"C{k}", linestyle=("-", "--")[k], label=label
    )
    ax.plot(most_probable, posterior.max(), "os"[k], color=f"C{k}")
least_squares = x @ y / (x @ x)
ax.axvline(
    least_squares,
    color="0.4",
    linestyle=":",
    label=f"least squares: {least_squares:.2f}",
)
ax.set(xlabel="weight", ylabel="posterior density", xlim=(-1.5, 2.6), ylim=0)
ax.set_title("The highest point of the posterior is the fit")
ax.legend(loc="upper right", fontsize="small")
plt.show()

# %%
# What the highest point does not say
# -----------------------------------
#
# The lasso's weight is exactly zero, yet the posterior does not say that the weight *is* zero: the
# Laplace distribution, like any density, gives the single number zero no probability at all. It has
# a sharp peak there, and the fit reports the peak.

below = posterior[grid < 0].sum() / posterior.sum()
print("Laplace posterior: the probability of a weight of zero is 0,")
print(f"and that of a negative weight is {below:.2f}")

# %%
# What to remember
# ----------------
#
# Ridge believes in many weights of similar size, the lasso in few that matter; :math:`\lambda` is
# larger the more noise there is, and smaller the wider the belief and the more the data. How the
# data choose it: :ref:`sphx_glr_auto_examples_plot_choosing_lambda.py`. How wide the posterior of
# ridge is, and what its intervals say: :ref:`sphx_glr_auto_examples_plot_posterior.py`.
# The lasso as a MAP estimate is remarked on in Tibshirani (1996),
# https://doi.org/10.1111/j.2517-6161.1996.tb02080.x.
