r"""
For SGD, L2 and weight decay are one
====================================

One may add the L2 penalty to the loss and descend on the sum; or descend on the loss alone and let
the weights decay by a constant share in every step. For plain (stochastic) gradient descent these
are the same numbers, read in two ways.
"""

# %%
# One line of algebra
# -------------------
#
# With :math:`g` the gradient of the loss, :math:`\eta` the learning rate,
#
# .. math::
#     \underbrace{w - \eta (g + \lambda w)}_{\text{descend on loss + L2}}
#     = \underbrace{(1 - \eta \lambda) w - \eta g}_{\text{decay, and descend on the loss}} .
#
# On the right the gradient is that of the loss alone: *decay leaves the gradient alone*. Two
# weights, for body mass and blood pressure of 442 patients (standardised), by stochastic gradient
# descent on ten random patients at a time:

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    RidgeRegression,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True, scaled=False)
X = StandardScaler().fit_transform(X[:, [2, 3]])
y = y - y.mean()
lr, lambda_, n_steps = 0.02, 0.5, 400


def stochastic_gradient():
    rng = np.random.default_rng(0)  # the same patients for both

    def gradient(w):
        rows = rng.integers(0, len(y), 10)
        return -X[rows].T @ (y[rows] - X[rows] @ w) / len(rows)

    return gradient


start = np.array([-20.0, 40.0])
penalised, decayed = (
    trajectory(
        step, start, stochastic_gradient(), n_steps, lr=lr, lambda_=lambda_
    )
    for step in (sgd_with_l2, sgd_with_weight_decay)
)
unpenalised = trajectory(
    sgd_with_l2, start, stochastic_gradient(), n_steps, lr=lr, lambda_=0
)
print(
    f"largest difference of L2 and decay: {np.abs(penalised - decayed).max():.0e}"
)
assert np.allclose(penalised, decayed, rtol=1e-10)

ridge = RidgeRegression(lambda_, solver="auto").fit(X, y).coef_
least_squares = RidgeRegression(0, solver="auto").fit(X, y).coef_

figure, ax = plt.subplots(figsize=(6.4, 4.6))
ax.plot(*penalised.T, color="C0", label="SGD + L2")
ax.plot(
    *decayed[::8].T,
    "o",
    color="C1",
    fillstyle="none",
    label="SGD + weight decay",
)
ax.plot(
    *unpenalised.T,
    color="0.6",
    linestyle="-",
    linewidth=0.7,
    label="SGD without either",
)
ax.plot(*ridge, "k*", markersize=11, label="ridge solution")
ax.plot(*least_squares, "kP", markersize=8, label="least squares")
ax.set(
    xlabel="weight of body mass (unit of y)",
    ylabel="weight of blood pressure (unit of y)",
)
ax.set_title("The same path, to the ridge solution and around it")
ax.legend(loc="upper right")
plt.show()

# %%
# Why it is called decay
# ----------------------
#
# Without a gradient a weight loses the share :math:`\eta\lambda` in every step, so after k steps
# :math:`(1 - \eta\lambda)^k` of it is left: it halves every :math:`\ln 2 / (\eta\lambda)` steps or
# so. As the learning rate scales the decay, a rate that falls along the way slows the decay, too.
# The penalty does not change, and with it the solution: both forces are scaled alike.

steps = np.arange(301)
figure, ax = plt.subplots()
for strength in (0.1, 0.5, 2.0):
    still = trajectory(
        sgd_with_weight_decay,
        [1.0],
        np.zeros_like,
        300,
        lr=lr,
        lambda_=strength,
    )
    np.testing.assert_allclose(still[:, 0], (1 - lr * strength) ** steps)
    ax.plot(
        steps,
        still,
        label=f"λ = {strength:g}: half in {np.log(2) / (lr * strength):.0f} steps",
    )
ax.axhline(0.5, color="0.6", linestyle="-", linewidth=0.6)
ax.set(
    xlabel="step without a gradient",
    ylabel="share of the weight that is left",
    ylim=(0, 1.05),
)
ax.set_title("A constant share a step")
ax.legend(loc="upper right")
plt.show()

# %%
# What to remember
# ----------------
#
# For SGD it does not matter where the shrinkage is written down. As soon as something is done to
# the gradient in between, it does: :ref:`sphx_glr_auto_examples_plot_adamw.py`.
