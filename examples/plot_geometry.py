r"""
Why does L1 give zeros?
=======================

Because its penalty has a kink at zero. Seen from above, the kink is a *corner*: all weights with
the same L1 penalty lie on a diamond, and a contour of the least-squares loss often touches it at a
corner, where one weight is exactly zero. Seen along one weight, the kink is a *pull* that does not
fade: L1 pulls with the same force :math:`\lambda` however small the weight already is, while the
pull of L2 fades together with the weight.
"""

# %%
# Seen from above: corners
# ------------------------
#
# Let :math:`L` be the loss and :math:`h` a penalty. A solution :math:`\hat w` of
# :math:`\min_w L(w) + \lambda h(w)` also solves :math:`\min_w L(w)` subject to
# :math:`h(w) \le h(\hat w)`: with no more penalty there is no smaller loss. So a contour of the
# loss touches the ball :math:`h(w) \le h(\hat w)` at the solution.
#
# Here the loss is that of two measurements of 442 patients, their body mass index and total
# cholesterol, as predictors of their diabetes one year later (all standardised). For each penalty
# :math:`\lambda` is set so that its solution lies on the same contour: all three fit equally well.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from sklearn_reg import (
    ElasticNetRegression,
    elastic_net_gradient,
    elastic_net_penalty,
    elastic_net_prox,
    l1_gradient,
    l1_prox,
    l2_gradient,
    l2_prox,
)

plt.style.use("sklearn_reg.legible")
data = load_diabetes(as_frame=True, scaled=False)
X, y = scale(data.data[["bmi", "s1"]].to_numpy()), scale(data.target)
H, least_squares = X.T @ X / len(y), np.linalg.lstsq(X, y)[0]


def excess_loss(w):  # 1/(2n) ||y - Xw||^2, less its minimum
    return (
        np.einsum("...i,ij,...j", w - least_squares, H, w - least_squares) / 2
    )


def fit(X, y, lambda_, l1_ratio):
    model = ElasticNetRegression(
        lambda_, l1_ratio=l1_ratio, solver="auto", tol=1e-12
    )
    return model.fit(X, y).coef_


touched = excess_loss(
    fit(X, y, 0.3, l1_ratio=1)
)  # the contour at which the lasso ends
axis = np.linspace(-0.45, 1.05, 501)
loss = excess_loss(np.stack(np.meshgrid(axis, axis), axis=-1))

figure, axes = plt.subplots(1, 3, figsize=(10, 3.1), sharex=True, sharey=True)
panels = {
    "L2: no corner, no zero": 0,
    "Elastic net: a corner, a zero": 0.25,
    "L1: a sharp corner, a zero": 1,
}
for ax, (title, l1_ratio) in zip(axes, panels.items(), strict=True):
    lambda_ = brentq(
        lambda s, r=l1_ratio: excess_loss(fit(X, y, s, r)) - touched, 0.01, 10
    )
    w = fit(X, y, lambda_, l1_ratio)
    print(f"l1_ratio {l1_ratio:4}: weights {w.round(3) + 0}")
    # The penalty is a sum over weights: one row and one column of it give the whole grid.
    h = np.array([elastic_net_penalty(value, 1, l1_ratio) for value in axis])
    ball = [0, elastic_net_penalty(w, 1, l1_ratio)]
    ax.contourf(
        axis, axis, h + h[:, None], levels=ball, colors="0.8", antialiased=True
    )
    ax.contour(
        axis,
        axis,
        loss,
        levels=touched * np.array([0.15, 0.5]),
        colors="C0",
        alpha=0.5,
    )
    ax.contour(axis, axis, loss, levels=[touched], colors="C0", linewidths=2)
    ax.axhline(0, color="0.3", linestyle="-", linewidth=0.7)
    ax.axvline(0, color="0.3", linestyle="-", linewidth=0.7)
    ax.plot(
        *least_squares,
        "+k",
        linestyle="none",
        markersize=8,
        label="least squares",
    )
    ax.plot(*w, "o", color="C1", linestyle="none", label="solution")
    ax.set(
        title=title,
        xlabel="weight of body mass index",
        aspect="equal",
        ylim=(-0.4, 0.8),
    )
axes[0].set_ylabel("weight of cholesterol")
axes[0].legend(loc="upper right", handletextpad=0, borderpad=0)
plt.show()

# %%
# Not every loss meets a corner: where two features matter alike, the lasso keeps both.

assert (fit(X, X.sum(axis=1), lambda_, l1_ratio=1) > 0).all()

# %%
# Along one weight: a pull that stays constant
# --------------------------------------------
#
# The derivative of a penalty is the force with which it pulls a weight to zero. The *proximal
# operator* balances it against the distance from where the weight would rather be,
# :math:`\operatorname{prox}(w) = \operatorname{argmin}_z \frac12 (z - w)^2 + h(z)`. For a single
# standardised feature that is the whole fit: it turns the weight of least squares into the
# penalised one, as the last lines confirm.

w = np.linspace(-3, 3, 601)
pull = {"L1": l1_gradient(w, 1), "L2": l2_gradient(w, 1)}
after = {"L1": l1_prox(w, 1, 1), "L2": l2_prox(w, 1, 1)}
pull["elastic net"] = elastic_net_gradient(w, 1, l1_ratio=0.5)
after["elastic net"] = elastic_net_prox(w, 1, 1, l1_ratio=0.5)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
for name in pull:
    left.plot(
        w, np.where(w == 0, np.nan, pull[name]), label=name
    )  # a gap where it jumps
    right.plot(w, after[name], label=name)
right.plot(w, w, color="0.5", linestyle="-", linewidth=0.8, label="no penalty")
left.set(xlabel="weight $w$", ylabel="derivative of the penalty")
left.set_title("L1 pulls as hard near zero as far away")
right.set(
    xlabel="weight of least squares, $w$", ylabel="penalised weight, prox($w$)"
)
right.set_title("So small weights become exactly zero")
right.legend(loc="lower right")
plt.show()

bmi = X[:, :1]
for l1_ratio in (0, 0.5, 1):
    prox = elastic_net_prox(bmi.T @ y / len(y), 1, 0.3, l1_ratio)
    np.testing.assert_allclose(fit(bmi, y, 0.3, l1_ratio), prox)

# %%
# What to remember
# ----------------
#
# With L1 a weight stays at zero unless the loss pulls on it by more than :math:`\lambda`; with L2
# the slightest pull moves it. Which steps reach that zero, and which do not, is shown in
# :ref:`sphx_glr_auto_examples_plot_subgradient_against_proximal.py`.
