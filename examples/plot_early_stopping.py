r"""
Is early stopping a ridge?
==========================

Nearly. Gradient descent on the loss alone, from zero, that stops after t steps
of rate :math:`\eta` gives almost the weights of a ridge with
:math:`\lambda = 1 / (\eta t)`. Both shrink each direction of the data by a
factor of its own. The two factors are similar, and so are the errors on new
data.
"""

# %%
# Two formulas for one thing
# --------------------------
#
# The data are 442 patients: ten measurements and the products of any two of
# them, standardised. Half of the patients are for training, the other half are
# for the test. The eigenvectors of :math:`X^\top X / n` are the *directions* of
# the data. An eigenvalue :math:`s` says how much the data vary along its
# direction. Least squares has a weight along each direction, and both methods
# keep a share of it:
#
# .. math::
#     \text{descent, } t \text{ steps: } \; 1 - (1 - \eta s)^t, \qquad
#     \text{ridge: } \; \frac{s}{s + \lambda} .
#
# The first formula holds because a step goes the share :math:`\eta s` of the
# way that is left. For small :math:`\eta s` it is nearly
# :math:`1 - e^{-\eta t s}`, so it depends on :math:`\eta t` alone, as the
# second does on :math:`\lambda`. The code computes the weights first, with no
# formula, and then checks both formulas.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, scale

from sklearn_reg import RidgeRegression, sgd_step, trajectory

plt.style.use("sklearn_reg.legible")
data, y = load_diabetes(return_X_y=True)
products = PolynomialFeatures(2, interaction_only=True, include_bias=False)
X = scale(products.fit_transform(data))
train = np.random.default_rng(0).permutation(len(y)) % 2 == 0
X_test, y_test = X[~train] - X[train].mean(axis=0), y[~train] - y[train].mean()
X, y = X[train] - X[train].mean(axis=0), y[train] - y[train].mean()
n, p = X.shape

s, V = np.linalg.eigh(X.T @ X / n)
rate = 1 / s[-1]  # what learning_rate="auto" means
w = trajectory(  # w[t] are the weights after t steps
    sgd_step, np.zeros(p), lambda w: X.T @ (X @ w - y) / n, 3_000, lr=rate
)
steps = np.unique(np.geomspace(1, 3_000, 45).astype(int))
ridges = [RidgeRegression(1 / (rate * t), solver="auto") for t in steps]
ridge = {
    t: model.fit(X, y).coef_ for t, model in zip(steps, ridges, strict=True)
}


def descent_keeps(s, t):
    return 1 - (1 - rate * s) ** t


def ridge_keeps(s, t):
    return s / (s + 1 / (rate * t))


least_squares = V.T @ (X.T @ y) / n / s  # along each direction
for t in steps:
    for weights, keeps in ((w[t], descent_keeps), (ridge[t], ridge_keeps)):
        kept = keeps(s, t) * least_squares
        np.testing.assert_allclose(V.T @ weights, kept, atol=1e-4)

# %%
# In the left panel look at the distance between a solid line and the dashed
# line of its colour. It is never more than a quarter. Descent keeps more than
# ridge in every direction, so it overfits a little earlier. In the right panel
# look at the two minima: they are nearly as deep as each other.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.9))
along = np.geomspace(2e-5, s[-1], 400)
for k, t in enumerate((1000, 100, 10)):
    kept = descent_keeps(along, t), ridge_keeps(along, t)
    assert 0 <= np.max(kept[0] - kept[1]) < 0.25
    left.plot(along, kept[0], "-", color=f"C{k}", label=f"descent, {t} steps")
    left.plot(along, kept[1], "--", color=f"C{k}")
left.plot([], [], "--k", label="ridge of the same $ηt$")
left.set(xscale="log", xlabel="eigenvalue $s$ of a direction", ylim=(0, 1.02))
left.set(ylabel="share of least squares that is kept")
left.legend(loc="upper left")
left.set_title("The shares that are kept")


def test_error(w):
    return np.mean((y_test - X_test @ w) ** 2) / y_test.var()


stopped = [test_error(w[t]) for t in steps]
penalised = [test_error(ridge[t]) for t in steps]
right.plot(rate * steps, stopped, "-", label="descent, stopped after $t$ steps")
right.plot(
    rate * steps, penalised, "--", label=r"ridge, $\lambda = 1/(\eta t)$"
)
right.set(xscale="log", xlabel=r"$\eta t$, which is $1 / \lambda$")
right.set(ylabel="test error / variance of y")
right.legend(loc="upper right")
right.set_title("The errors on new patients")
plt.show()

print(f"smallest error: descent {min(stopped):.2f}, ridge {min(penalised):.2f}")

# %%
# What to remember
# ----------------
#
# The number of steps is a penalty too: more steps are a smaller
# :math:`\lambda`. So a model that is trained with few steps is regularised,
# whether its author wants it or not. The two are not the same, but Ali, Kolter
# and Tibshirani (2019), https://arxiv.org/abs/1810.10082, prove that the
# expected error in the weights of descent with tiny steps is at most 1.69 times
# that of ridge at :math:`\lambda = 1 / (\eta t)`, for any data. How many steps
# a descent needs to arrive:
# :ref:`sphx_glr_auto_examples_plot_learning_rates.py`.
#
# Exercises
# ---------
#
# 1. For tiny steps the shares are :math:`1 - e^{-z}` and :math:`z / (1 + z)`,
#    with :math:`z = \eta t s`. At which z do they differ most?
#
# .. dropdown:: Answer
#
#    At z = 2.51, where :math:`(1 + z)^2 = e^z`. Descent keeps 0.92 there and
#    ridge 0.72: a difference of 0.20.
#
# 2. For which data is early stopping exactly a ridge?
#
# .. dropdown:: Answer
#
#    For data with a single eigenvalue, that is, columns that are uncorrelated
#    and of the same variance. Then both methods multiply least squares by one
#    number, and :math:`\lambda = s (1 - \eta s)^t / (1 - (1 - \eta s)^t)` makes
#    the two numbers equal.
#
# 3. Start the descent at weights :math:`w_0` that are not zero. To which point
#    does early stopping shrink now, and which ridge is like it?
#
# .. dropdown:: Answer
#
#    To :math:`w_0`: descent goes the same shares of the way from :math:`w_0` to
#    least squares. It is like a ridge with the penalty
#    :math:`\lambda \|w - w_0\|^2 / 2`. To fit that one, fit a ridge to
#    :math:`y - X w_0` and add :math:`w_0` to its weights.
