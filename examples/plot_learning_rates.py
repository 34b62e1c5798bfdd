r"""
Which learning rate?
====================

A step of gradient descent is the learning rate times the gradient. Too small a rate crawls; too
large a one jumps across the valley, a little too far and it climbs out of it. The limit is
:math:`2 / L`, with :math:`L` how sharply the objective curves at most: the largest eigenvalue of
:math:`X^\top X / n` plus the L2 penalty.
"""

# %%
# Four rates in one valley
# ------------------------
#
# A ridge with two features, so that the valley can be drawn: body mass and blood pressure of 442
# patients, standardised, and their diabetes a year later. On an ellipse F is the same everywhere.

import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sklearn_reg import RidgeRegression, sgd_with_l2, trajectory

plt.style.use("sklearn_reg.legible")
data = load_diabetes(scaled=False)
X = StandardScaler().fit_transform(data.data[:, [2, 3]])
y = data.target - data.target.mean()
n, lambda_ = len(y), 0.1


def gradient(w):
    return -X.T @ (y - X @ w) / n


def objective(w):
    return ((y - X @ w) ** 2).sum() / (2 * n) + lambda_ / 2 * w @ w


L = np.linalg.eigvalsh(X.T @ X / n)[-1] + lambda_
rates = {
    "crawls: 0.03 · 1/L": 0.03 / L,
    "converges: 1/L": 1 / L,
    "oscillates: 1.9 · 1/L": 1.9 / L,
    "diverges: 2.1 · 1/L": 2.1 / L,
}
start = np.array([-15.0, 35.0])
paths = {
    name: trajectory(sgd_with_l2, start, gradient, 25, lr=lr, lambda_=lambda_)
    for name, lr in rates.items()
}

best = np.linalg.solve(X.T @ X / n + lambda_ * np.eye(2), X.T @ y / n)
w1, w2 = np.linspace(-45, 95, 80), np.linspace(-60, 75, 80)
F = np.array([[objective(np.array([a, b])) for a in w1] for b in w2])

figure, axes = plt.subplots(2, 2, figsize=(7.5, 6.5), sharex=True, sharey=True)
for k, (ax, (name, w)) in enumerate(zip(axes.flat, paths.items(), strict=True)):
    ax.contour(w1, w2, F, levels=12, colors="0.75", linewidths=0.7)
    ax.plot(*w.T, color=f"C{k}", linestyle="-", marker=".", linewidth=1)
    ax.plot(*best, "k*", markersize=10)
    ax.set(title=name, xlim=(-45, 95), ylim=(-60, 75))
figure.supxlabel("weight of body mass (unit of y)")
figure.supylabel("weight of blood pressure (unit of y)")
plt.show()

# %%
# The same four, from the side
# ----------------------------
#
# Along each eigenvector the error is multiplied by :math:`1 - \eta \cdot \text{eigenvalue}` in
# every step. At :math:`\eta > 2 / L` that is below :math:`-1` for the largest: it changes sign and
# grows.

figure, ax = plt.subplots()
for name, w in paths.items():
    ax.plot([objective(v) - objective(best) for v in w], label=name)
ax.set(yscale="log", ylim=(1e-9, 1e6), xlabel="step")
ax.set_ylabel("F above its minimum (unit of y²)")
ax.set_title("A straight line is a constant factor a step")
ax.legend(loc="lower left")
plt.show()

assert np.linalg.norm(paths["diverges: 2.1 · 1/L"][-1]) > np.linalg.norm(start)

# %%
# What an estimator does with such a rate
# ---------------------------------------
#
# It says that the rate cannot converge, and what can, and steps at :math:`1 / L` instead of
# returning infinity:

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ridge = RidgeRegression(lambda_, learning_rate=2.1 / L).fit(X, y)
print(textwrap.fill(str(caught[0].message), 80))
assert caught[0].category is ConvergenceWarning
assert ridge.converged_

# %%
# Columns of different scale
# --------------------------
#
# The rate must suit the largest eigenvalue, the wait is for the smallest. Columns in unequal units
# make them unequal; standardised, the same data take a fraction of the steps.

raw = data.data[:, [2, 3]] * [1, 0.1]  # blood pressure in cm of mercury
for name, Z in {"raw": raw, "standardised": X}.items():
    model = RidgeRegression(
        1e-3, learning_rate="auto", n_iterations=10_000
    ).fit(Z, y)
    print(f"{name}: {model.n_iter_} steps")

# %%
# What to remember
# ----------------
#
# Rates below :math:`2 / L` converge, :math:`1 / L` is a safe one (`learning_rate="auto"`), and
# standardised columns make every rate go further. How the condition number comes in:
# :ref:`sphx_glr_auto_examples_plot_shrinkage.py`.
