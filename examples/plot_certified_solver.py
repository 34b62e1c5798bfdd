r"""
How does the exact solver know that it has arrived?
===================================================

By two checks that need no other solver. The *duality gap* puts a number from below under the
objective, so that the distance to the optimum is known without knowing the optimum. The
*optimality conditions* say feature by feature what is still wrong, and correcting exactly that is
how ``solver="auto"`` finds the optimum in a few steps. Both fit into a few lines of NumPy.
"""

# %%
# A bound from below
# ------------------
#
# The lasso minimises :math:`F(w) = \frac{1}{2n} \|y - Xw\|^2 + \lambda \|w\|_1` (with X and y
# centred, the intercept is done with). Take any vector :math:`\theta` that correlates with no
# feature by more than the penalty, :math:`|x_j^\top \theta| / n \le \lambda` for all j. Then
# :math:`\lambda \|w\|_1 \ge w^\top X^\top \theta / n`, and the least that the loss plus this can be
# is a bound of F at *every* w, so of its minimum:
#
# .. math:: F(w) \;\ge\; D(\theta) = \frac{1}{2n} \left( \|y\|^2 - \|y - \theta\|^2 \right).
#
# A good :math:`\theta` lies at hand: the residual, shrunk until it is allowed. At the optimum it is
# allowed as it is, and the bound is the optimum itself. The gap between F(w) and D is what
# ``dual_gap_`` and ``gap_history_`` report.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import LassoRegression, l1_prox

plt.style.use("sklearn_reg.legible")
data = load_diabetes(scaled=False)
names = np.array(data.feature_names)
X = StandardScaler().fit_transform(data.data)
y = data.target - data.target.mean()
(n, p), lambda_ = X.shape, 2.0


def primal_and_dual(w):
    r = y - X @ w
    correlation = X.T @ r / n
    theta = r * min(1, lambda_ / abs(correlation).max())
    primal = r @ r / (2 * n) + lambda_ * abs(w).sum()
    dual = (y @ y - (y - theta) @ (y - theta)) / (2 * n)
    return primal, dual


descent = LassoRegression(
    lambda_, learning_rate="auto", tol=1e-13, n_iterations=5000
).fit(X, y)
auto = LassoRegression(lambda_, solver="auto").fit(X, y)

w, rate = np.zeros(p), 1 / np.linalg.eigvalsh(X.T @ X / n)[-1]
values = [primal_and_dual(w)]
for _ in range(descent.n_iter_):
    w = l1_prox(w + rate * X.T @ (y - X @ w) / n, rate, lambda_)
    values.append(primal_and_dual(w))
primal, dual = np.array(values).T
assert np.allclose(primal[1:], descent.history_, rtol=1e-12)
assert np.allclose((primal - dual)[1:], descent.gap_history_, atol=1e-9)
assert dual.max() <= auto.objective_ + 1e-9  # never above the optimum

figure, ax = plt.subplots()
shown = np.arange(41)
ax.fill_between(
    shown, dual[shown], primal[shown], color="0.9", label="duality gap"
)
ax.plot(shown, primal[shown], label="objective F(w)")
ax.plot(shown, dual[shown], label=r"bound D($\theta$)")
ax.axhline(
    auto.objective_, color="black", linestyle=":", linewidth=1, label="optimum"
)
ax.set(xlabel="iteration of gradient descent", ylabel="objective (unit of y²)")
ax.set_title("The optimum is somewhere in the shaded band")
ax.legend()
plt.show()

# %%
# What is still wrong, feature by feature
# ---------------------------------------
#
# At the optimum, and nowhere else, each correlation with the residual, :math:`x_j^\top r / n`, is
#
# - exactly :math:`\lambda` times the sign of its weight, where the weight is not zero: the pull
#   of the data and that of the penalty balance;
# - in the band from :math:`-\lambda` to :math:`\lambda`, where the weight is zero: the data do not
#   pull hard enough.
#
# This also solves the problem. If we knew which weights are not zero, and their signs, the first
# line would be a linear system. So guess, solve, look at all features, correct the guess: those
# outside the band enter (here at most two at a time, those furthest out), and weights that came out
# with the wrong sign leave. When nothing is left to correct, the conditions hold. (The axis is
# linear in the band, and logarithmic beyond.)

A, c = X.T @ X / n, X.T @ y / n
w, sign, rounds = np.zeros(p), np.zeros(p), []
for _ in range(20):
    correlation = c - A @ w  # this is X'r / n
    wrong = w * sign < 0
    violating = (sign == 0) & (abs(correlation) > lambda_ * (1 + 1e-9))
    entering = violating & (
        abs(correlation) >= np.sort(abs(correlation) * violating)[-2]
    )
    rounds.append((w, correlation, sign.copy(), entering, wrong))
    if not (violating.any() or wrong.any()):
        break
    sign[entering], sign[wrong] = np.sign(correlation[entering]), 0
    inside, w = np.flatnonzero(sign), np.zeros(p)
    w[inside] = np.linalg.solve(
        A[np.ix_(inside, inside)], (c - lambda_ * sign)[inside]
    )

assert np.allclose(correlation[inside], lambda_ * np.sign(w[inside]))
assert abs(w - auto.coef_).max() < 1e-10
print(f"{len(rounds) - 1} linear systems;")
print("the weights are those of solver='auto' to within 1e-10")

figure, axes = plt.subplots(2, 3, figsize=(10, 6.4), sharex=True, sharey=True)
looks = {
    "outside": {"facecolor": "0.55"},
    "in the working set": {"facecolor": "C0"},
    "enters next": {"facecolor": "white", "edgecolor": "C1", "hatch": "/////"},
    "leaves next: wrong sign": {"facecolor": "black"},
}
for k, (_, correlation, sign, entering, wrong) in enumerate(rounds):
    ax = axes.flat[k]
    ax.axvspan(-1, 1, color="0.92", zorder=0)
    groups = (sign == 0) & ~entering, (sign != 0) & ~wrong, entering, wrong
    for group, look in zip(groups, looks.values(), strict=True):
        ax.barh(np.flatnonzero(group), correlation[group] / lambda_, **look)
    ax.set_title(f"{k}. Solved on {np.count_nonzero(sign)} features")
    ax.set(
        xscale="symlog",
        yticks=range(p),
        yticklabels=names,
        xticks=[-10, -1, 0, 1, 10],
    )
    ax.xaxis.set_major_formatter("{x:g}")
axes[0, 0].invert_yaxis()
axes[0, 0].set_title("0. All weights are 0")
axes[-1, -1].set_title(
    f"{k}. Solved on {np.count_nonzero(sign)} features: none is wrong"
)
keys = [Patch(**look, label=label) for label, look in looks.items()]
figure.legend(handles=keys, loc="outside upper center", ncols=4)
figure.supxlabel(
    r"correlation with the residual, in units of $\lambda$", fontsize=10
)
plt.show()

# %%
# Why it ends, when descent goes on and on
# ----------------------------------------
#
# As long as no weight changes its sign, F is a quadratic function, and one linear system leads to
# its lowest point, however narrow the valley. So all that has to be found is the right set of
# signs, one of finitely many; then the gap falls to rounding at once. Gradient descent has to find
# the same signs, and after that each step leaves a share of the error: :math:`1 - \mu / L` in the
# slowest direction, with :math:`\mu` the smallest eigenvalue of :math:`X^\top X / n` among the
# features that are in and :math:`L` the largest among all. Correlated features make it nearly 1.

mu = np.linalg.eigvalsh(A[np.ix_(inside, inside)])[0]
late = descent.gap_history_[-100:-50]
left = (late[-1] / late[0]) ** (1 / 49)
assert abs(left - (1 - mu * rate)) < 1e-4
print(
    f"a late step of descent leaves {left:.1%} of the gap; 1 - mu/L is {1 - mu * rate:.1%}"
)

gaps = np.subtract(*np.transpose([primal_and_dual(w) for w, *_ in rounds]))
iterations = np.arange(1, descent.n_iter_ + 1)
distance = descent.history_ - auto.objective_
distance[distance < 1e-11] = np.nan  # rounding
figure, ax = plt.subplots()
ax.plot(iterations, descent.gap_history_, label="descent: gap")
ax.plot(iterations, distance, label="descent: F less the optimum")
ax.plot(
    range(1, len(gaps)),
    np.maximum(gaps[1:], 1e-13),
    "C2-.o",
    label="rounds above: gap",
)
level = max(auto.dual_gap_, 1e-13)
ax.axhline(level, color="black", linewidth=1, label='solver="auto": gap')
ax.set(
    xscale="log",
    yscale="log",
    xlabel="iteration, or round",
    ylabel="distance (unit of y²)",
)
ax.set_title(
    f"{len(gaps) - 1} linear systems, against {descent.n_iter_} steps that crawl"
)
ax.legend(loc="lower left", bbox_to_anchor=(0.3, 0.12))
plt.show()

# %%
# What to remember
# ----------------
#
# The gap is a proof: whatever made the weights, their objective is at most that much above the
# optimum.
#
# The package's ``active_set.py`` plays the game above at any size: up to some two hundred
# features it guesses among all, beyond that in a working set of columns, while :math:`\lambda`
# falls in stages and all features are looked at after each. A guess can go in circles, though. Then
# ``parametric.py`` takes over, which follows a path that ends after finitely many turns, and the
# gap has the last word. How the descents compare is in
# :ref:`sphx_glr_auto_examples_plot_subgradient_against_proximal.py`.
