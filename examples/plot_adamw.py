r"""
Adam with L2 against AdamW: which weights lose their penalty?
=============================================================

Adam divides each gradient by its usual size. With L2 the penalty is part of the gradient and is
divided along with it, so weights with large gradients are hardly penalised at all. AdamW leaves the
gradient alone and shrinks the weights after the division: all of them by the same share.
"""

# %%
# Four optimizers
# ---------------
#
# Three weights, all 1 at the start, whose gradients are ten, one and a tenth in size. To see the
# penalty by itself, the gradients are nothing but noise, the same for every optimizer: there is no
# loss to descend, and each weight should fade.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    RidgeRegression,
    TrajectoryDisplay,
    adam_with_l2,
    adamw,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)

plt.style.use("sklearn_reg.legible")
lr, lambda_, n_steps = 1e-3, 2.0, 1500


def noise(sizes):
    rng = np.random.default_rng(1)
    return lambda w: sizes * rng.standard_normal(w.shape)


sizes = np.array([10, 1, 0.1])
optimizers = {
    "SGD + L2": sgd_with_l2,
    "SGD + weight decay": sgd_with_weight_decay,
    "Adam + L2": adam_with_l2,
    "AdamW": adamw,
}
runs = {
    title: trajectory(
        step, np.ones(3), noise(sizes), n_steps, lr=lr, lambda_=lambda_
    )
    for title, step in optimizers.items()
}
names = [f"gradients of {size:g}" for size in sizes]
TrajectoryDisplay.from_trajectories(runs, names=names)
plt.show()

assert np.allclose(runs["SGD + L2"], runs["SGD + weight decay"], rtol=1e-10)

# %%
# The two on the left are one (:ref:`sphx_glr_auto_examples_plot_sgd_weight_decay.py`), and every
# weight fades at the same rate, large gradients only adding more noise. With Adam + L2 the weight
# whose gradients are large keeps most of its size. With AdamW all of them fade alike.
#
# How much of the penalty is left?
# --------------------------------
#
# A step of Adam + L2 shrinks w by about
#
# .. math::
#     \eta \, \frac{\lambda w}{\sqrt{\mathbb{E} (g + \lambda w)^2}}
#     = \eta \lambda w \cdot \frac{1}{\sqrt{s^2 + \lambda^2 w^2}}
#
# for gradients of size s (their root mean square) around zero; a step of AdamW by
# :math:`\eta \lambda w`. Measured, from the first 200 steps of many weights near 1:

sizes = np.tile(np.geomspace(0.1, 200, 12), (2000, 1))
figure, ax = plt.subplots()
for title in ("Adam + L2", "AdamW"):
    start = np.ones(sizes.shape)
    w = trajectory(
        optimizers[title], start, noise(sizes), 200, lr=1e-4, lambda_=lambda_
    )
    rate = (w[100] - w[200]).mean(axis=0) / (100 * 1e-4 * lambda_)
    ax.plot(sizes[0], rate, "os"[title == "AdamW"], label=f"{title}, measured")
ax.plot(
    sizes[0],
    1 / np.hypot(sizes[0], lambda_),
    color="C0",
    label=r"$1 / \sqrt{s^2 + \lambda^2}$",
)
ax.axhline(1, color="C1", linestyle="--", label="the same for all")
ax.set(
    xscale="log",
    yscale="log",
    ylim=(1e-3, 5),
    xlabel="size of the gradients, s",
)
ax.set_ylabel(r"shrinkage per step, over $\eta \lambda w$")
ax.set_title("Ten times the gradient, a tenth of the penalty")
ax.legend(loc="lower left")
plt.show()

# %%
# What AdamW is not
# -----------------
#
# Decay is not a penalty: there is no function whose minimum AdamW finds. On the full gradients of a
# ridge (no noise; four of ten measurements of 442 patients) Adam + L2 arrives at the solution,
# because there the sum of both gradients is zero, whatever divides it. AdamW stops where the scaled
# gradient balances the decay, and for weights like these that is near least squares.

X, y = load_diabetes(return_X_y=True, scaled=False)
X, y = StandardScaler().fit_transform(X[:, [2, 3, 4, 8]]), y - y.mean()


def gradient(w):
    return -X.T @ (y - X @ w) / len(y)


lambda_ = 0.5
ends = {
    title: trajectory(
        optimizers[title], np.zeros(4), gradient, 5000, lr=0.1, lambda_=strength
    )[-1]
    for title, strength in {"Adam + L2": lambda_, "AdamW": 0.005}.items()
}
ridge = RidgeRegression(lambda_, solver="auto").fit(X, y).coef_
print("ridge        ", ridge.round(2))
print("Adam + L2    ", ends["Adam + L2"].round(2))
print("AdamW        ", ends["AdamW"].round(2))
print("least squares", np.linalg.lstsq(X, y)[0].round(2))
assert np.allclose(ends["Adam + L2"], ridge, atol=0.05)

# %%
# What to remember
# ----------------
#
# Where the penalty goes in decides: before the division by the size of the gradient it is divided
# too, after it not. That decoupling is all that AdamW changes (Loshchilov and Hutter 2019,
# https://arxiv.org/abs/1711.05101). In this package, as in the common libraries, the learning rate
# scales the decay as well.
