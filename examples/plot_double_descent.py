r"""
Why can a model with more features than samples predict well?
=============================================================

Because many weights fit the training data without error then, and the usual
methods return the smallest of them. With more features the smallest weights
become smaller still, and small weights follow the noise less. The worst model
has as many features as samples: only one fit is without error, and its weights
are huge. A ridge does not have this problem.
"""

# %%
# One data set, ever more features
# --------------------------------
#
# The data are images of handwritten digits, of 8 x 8 pixels: 200 for training,
# 1597 for the test. The targets are ten columns, one per digit, that are 1 for
# this digit and 0 for the others (less their means). A *random feature* is the
# positive part of a random mixture of the pixels. The first p of 3200 such
# features make a model. While p is below 200, least squares has a unique
# solution. Beyond, it can fit the training data without error, in infinitely
# many ways. The *least-norm* fit is the one with the smallest sum of squared
# weights.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_reg import RidgeRegression

plt.style.use("sklearn_reg.legible")
rng = np.random.default_rng(0)
pixels, digit = load_digits(return_X_y=True)
y = np.eye(10)[digit] - 0.1
mixtures = rng.standard_normal((64, 3200))
F = np.maximum((pixels - pixels.mean(axis=0)) / 16 @ mixtures, 0)
order, n = rng.permutation(len(y)), 200
F, F_test, y, y_test = F[order[:n]], F[order[n:]], y[order[:n]], y[order[n:]]


def ridge(X, lambda_):
    model = RidgeRegression(lambda_, solver="auto", fit_intercept=False)
    return model.fit(X, y).get_weights()


def least_norm(X):
    return np.linalg.lstsq(X, y)[0]


def test_error(w):
    return np.mean((y_test - F_test[:, : len(w)] @ w) ** 2) / np.mean(y_test**2)


# The least-norm fit is the ridge whose lambda goes to zero.
wide = F[:, :800]
np.testing.assert_allclose(ridge(wide, 1e-10), least_norm(wide), atol=1e-6)

below, above = [10, 20, 40, 70, 100, 140, 170, 190], [210, 230, 270, 350, 500]
counts = [*below, n, *above, 800, 1600, 3200]
fits = {
    "least norm": [least_norm(F[:, :p]) for p in counts],
    "ridge, λ = 0.2": [ridge(F[:, :p], 0.2) for p in counts],
}

# %%
# Look at the solid line in the left panel. Up to 70 features the error falls,
# then it rises to a peak at 200, and then it falls again: this is the *double
# descent*. The right panel says why. Beyond 200 features the weights become
# smaller with every feature that is added. The dashed line is a ridge with the
# same :math:`\lambda` for every p: it has no peak.

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8))
for name, weights in fits.items():
    axes[0].plot(counts, [test_error(w) for w in weights], label=name)
    axes[1].plot(counts, [np.linalg.norm(w) for w in weights], label=name)
for ax in axes:
    ax.axvline(n, color="0.5", linestyle=":", linewidth=1)
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel("features (dotted: as many as samples)")
axes[0].set(ylabel="test error / mean square of y")
axes[0].set_title("The error falls twice")
axes[1].set(ylabel="norm of the weights")
axes[1].set_title("The weights of the exact fits become smaller")
axes[0].legend(loc="upper left")
plt.show()

for p in (70, 200, 3200):
    errors = [test_error(weights[counts.index(p)]) for weights in fits.values()]
    print("{:4d} features: least norm {:6.2f}, ridge {:.2f}".format(p, *errors))

# %%
# What to remember
# ----------------
#
# The number of features does not say how complex a model is. Among models that
# fit without error, the norm of the weights says it better. The penalty of
# ridge controls this norm at every number of features; the least-norm fit
# controls it only far from the peak. Choose :math:`\lambda` on data left out
# (:ref:`sphx_glr_auto_examples_plot_choosing_lambda.py`), and more features
# need not harm.
#
# Belkin, Hsu, Ma and Mandal (2019), https://doi.org/10.1073/pnas.1903070116,
# gave the double descent its name. Hastie, Montanari, Rosset and Tibshirani
# (2022), https://doi.org/10.1214/21-AOS2133, compute it for large random data,
# and compare the least-norm fit with ridge.
#
# Exercises
# ---------
#
# 1. Beyond 200 features the norm of the least-norm fit cannot grow when a
#    feature is added. Why?
#
# .. dropdown:: Answer
#
#    The old weights with a 0 for the new feature still fit without error. The
#    smallest weights that do so are no larger than these.
#
# 2. Fit 60 features to 30, 60 and 240 samples. Does least norm predict better
#    with more samples?
#
# .. dropdown:: Answer
#
#    Not always. With 60 samples it is at the peak, and predicts worse than with
#    30. A ridge predicts better with each step.
#
# 3. Gradient descent on the loss starts at zero, with more features than
#    samples. Which of the many fits without error does it reach?
#
# .. dropdown:: Answer
#
#    The least-norm fit. Each step adds a combination of the samples, so the
#    weights are always a combination of samples, and only one such combination
#    fits without error.
