r"""
Where is the sweet spot of lambda?
==================================

With too little penalty a model follows the noise of its training data: it *overfits*. With too much
it cannot follow the signal: it *underfits*. Between them the error on new data is smallest. It is
the sum of two parts that pull in opposite directions, bias and variance, and of noise that no model
can predict.
"""

# %%
# An overfitted curve
# -------------------
#
# Fifteen points on a wave, with noise, and three curves through them: each is a ridge on twelve
# powers of x, and they differ in lambda alone.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_reg import LambdaSweepDisplay, RidgeRegression, lambda_sweep

plt.style.use("sklearn_reg.legible")


def truth(x):
    return np.sin(2 * np.pi * x)


def powers(x):
    return np.power.outer(2 * x - 1, np.arange(1, 13))


x = np.linspace(0.03, 0.97, 15)
y = truth(x) + 0.3 * np.random.default_rng(3).standard_normal(x.size)
x_new = np.linspace(0, 1, 401)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharey=True)
for ax, (verdict, lambda_) in zip(
    axes,
    {"overfits": 1e-9, "fits": 1e-3, "underfits": 1.0}.items(),
    strict=True,
):
    model = RidgeRegression(lambda_, solver="auto").fit(powers(x), y)
    ax.plot(x_new, truth(x_new), "k-", linewidth=1, label="truth")
    ax.plot(
        x_new,
        model.predict(powers(x_new)),
        color="C1",
        linestyle="-",
        label="ridge",
    )
    ax.plot(
        x, y, "o", color="C0", linestyle="none", markersize=4, label="15 points"
    )
    ax.set(title=f"{verdict}: λ = {lambda_:g}", xlabel="x", ylim=(-2, 2))
axes[0].set_ylabel("y")
axes[2].legend(loc="lower left")
plt.show()

# %%
# The curve on the left passes near every point, and swings between them: it follows the noise. The
# one on the right cannot follow the wave.
#
# Seen in real data
# -----------------
#
# Ten measurements of 442 patients and all their products of up to three make 285 features, far more
# than the data can bear without a penalty. :func:`~sklearn_reg.lambda_sweep` fits a ridge for each
# lambda and fold, and says which side each lambda is on.

X, y = load_diabetes(return_X_y=True)
cubic = PolynomialFeatures(3, include_bias=False)
model = make_pipeline(cubic, StandardScaler(), RidgeRegression(solver="auto"))
sweep = lambda_sweep(model, X, y, lambdas=np.geomspace(1e-3, 1e3, 13))
display = LambdaSweepDisplay.from_sweep(sweep)
plt.show()

# %%
# To the left the training loss falls and the validation loss rises; to the right both rise.
#
# Taken apart
# -----------
#
# To see *why*, one needs many training sets and the truth. So here are made-up data: a wave with
# noise, 30 samples at a time, fitted by a ridge on twelve powers of x. For each lambda, 150 models
# from 150 training sets predict at the same points:
#
# .. math::
#     \underbrace{\mathbb{E} (\hat y - y)^2}_{\text{error on new data}} =
#     \underbrace{(\mathbb{E} \hat y - f)^2}_{\text{bias}^2} +
#     \underbrace{\operatorname{var} \hat y}_{\text{variance}} +
#     \underbrace{\sigma^2}_{\text{noise}}
#
# *Bias* is how far the average model is from the truth f; *variance* is how much a model changes
# with the training set.

rng = np.random.default_rng(0)
sigma, n_samples, n_sets = 0.3, 30, 150
lambdas = np.geomspace(1e-6, 10, 13)

x_new = np.linspace(0.02, 0.98, 97)
x_sets = rng.uniform(size=(n_sets, n_samples))
y_sets = truth(x_sets) + sigma * rng.standard_normal(x_sets.shape)
# The same for all sets, so that a lambda means the same.
scale = powers(np.linspace(0, 1, 1001)).std(axis=0)
predictions = np.array(
    [
        [
            RidgeRegression(lambda_, solver="auto")
            .fit(powers(x) / scale, y)
            .predict(powers(x_new) / scale)
            for lambda_ in lambdas
        ]
        for x, y in zip(x_sets, y_sets, strict=True)
    ]
)  # of shape (n_sets, n_lambdas, n_points)
bias2 = ((predictions.mean(axis=0) - truth(x_new)) ** 2).mean(axis=1)
variance = predictions.var(axis=0).mean(axis=1)
y_new = truth(x_new) + sigma * rng.standard_normal((n_sets, 1, x_new.size))
measured = ((predictions - y_new) ** 2).mean(axis=(0, 2))
total = bias2 + variance + sigma**2
best = total.argmin()
assert np.allclose(measured, total, rtol=0.05)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.stackplot(
    lambdas,
    np.full_like(lambdas, sigma**2),
    variance,
    bias2,
    labels=["noise", "variance", "bias²"],
    colors=["0.85", "C0", "C1"],
    hatch=["", "//", ".."],
    alpha=0.6,
)
left.plot(
    lambdas,
    measured,
    "k.",
    linestyle="none",
    label="error on new data, measured",
)
left.axvline(
    lambdas[best], color="black", linestyle="-", linewidth=1, ymax=0.64
)
left.text(lambdas[best] * 1.3, 0.36, f"best, λ = {lambdas[best]:.2g}")
left.set(
    xscale="log",
    xlabel=r"$\lambda$ (more penalty to the right)",
    ylim=(0, 0.62),
)
left.set(ylabel="error (unit of y²)", xlim=lambdas[[0, -1]])
left.set_title("Variance falls with lambda, bias rises")
left.legend(loc="upper center")

right.plot(x_new, truth(x_new), "k-", linewidth=1, label="truth")
for k, (at, word) in enumerate(
    ((0, "too little"), (best, "best"), (-1, "too much"))
):
    middle, spread = (
        predictions[:, at].mean(axis=0),
        predictions[:, at].std(axis=0),
    )
    look = {"color": f"C{k}", "linestyle": ("-", "--", "-.")[k]}
    right.plot(x_new, middle, label=f"{word}: λ = {lambdas[at]:.2g}", **look)
    right.fill_between(
        x_new, middle - spread, middle + spread, color=f"C{k}", alpha=0.2
    )
right.set(xlabel="x", ylabel="prediction (unit of y)", ylim=(-1.9, 2.6))
right.set_title("Mean of 150 models, ± one standard deviation")
right.legend(loc="upper right", ncols=2, fontsize="small")
plt.show()

# %%
# What to remember
# ----------------
#
# A penalty buys a large fall of variance for a small rise of bias, up to the sweet spot. Real data
# do not show bias and variance, but their sum can be estimated on data left out:
# :ref:`sphx_glr_auto_examples_plot_choosing_lambda.py`.
