r"""
How does ridge shrink, and why is it easier to solve?
=====================================================

Ridge shrinks each *direction* of the data by a factor of its own: little where the data vary much,
nearly all where they hardly vary. The directions that hardly vary are also what makes the problem
hard to solve, by linear algebra as by descent, and so the penalty makes it easier.
"""

# %%
# Weights along lambda, computed twice
# ------------------------------------
#
# Ten measurements of 442 patients, standardised. The lines are the textbook's closed form,
#
# .. math:: w = (X^\top X + n \lambda I)^{-1} X^\top y
#
# (for X and y centred; it adds the penalty to a sum over the n samples, so lambda is multiplied by
# n). The dots are gradient descent. They agree.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    RegularizationPathDisplay,
    RidgeRegression,
    regularization_path,
    ridge_closed_form,
    ridge_condition_number,
)

plt.style.use("sklearn_reg.legible")
data = load_diabetes(scaled=False)
X = StandardScaler().fit_transform(data.data)
y = data.target - data.target.mean()
n, p = X.shape
lambdas = np.geomspace(1e-4, 1e2, 61)

closed = np.array([ridge_closed_form(X, y, n * lambda_) for lambda_ in lambdas])
descents = [
    RidgeRegression(
        lambda_, learning_rate="auto", n_iterations=100_000, tol=1e-8
    ).fit(X, y)
    for lambda_ in lambdas[::5]
]
descended = np.array([model.coef_ for model in descents])
np.testing.assert_allclose(descended, closed[::5], atol=0.5)

path = regularization_path(
    X, y, lambdas, l1_ratio=0
)  # the largest lambda first
np.testing.assert_allclose(path.coefs[::-1], closed, atol=1e-6)
display = RegularizationPathDisplay.from_path(
    path, feature_names=data.feature_names
)
display.ax_.plot(
    lambdas[::5], descended, "o", color="black", markersize=3, linestyle="none"
)
display.ax_.set_ylabel("weight (unit of y)")
display.ax_.set_title("Lines: closed form. Dots: gradient descent.", y=1.15)
plt.show()

# %%
# No weight is ever exactly zero. And not all shrink at once: those of s1 and s2, two kinds of
# cholesterol that rise and fall together, start large and opposite, and the smallest penalty brings
# them down.
#
# One factor for each direction
# -----------------------------
#
# With :math:`X = \sum_k u_k s_k v_k^\top`, the singular value decomposition, the penalty multiplies
# the part of least squares along each direction :math:`v_k` by
#
# .. math:: \frac{s_k^2}{s_k^2 + n \lambda} ,
#
# which is near 1 where :math:`s_k^2 \gg n\lambda` and near 0 where :math:`s_k^2 \ll n\lambda`.
# Their sum is the number of *effective degrees of freedom*, on top of the figure above.

U, s, Vt = np.linalg.svd(X, full_matrices=False)
least_squares = Vt @ ridge_closed_form(X, y, 0)
factors = s**2 / (s**2 + n * lambdas[:, None])
np.testing.assert_allclose((factors * least_squares) @ Vt, closed, atol=1e-8)

conditions = [ridge_condition_number(X, n * lambda_) for lambda_ in lambdas]
steps = [model.n_iter_ for model in descents]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
for k in range(p):
    left.plot(
        lambdas, factors[:, k], color=plt.cm.cividis(k / p), linestyle="-"
    )
left.annotate(
    "varies most",
    (lambdas[45], factors[45, 0]),
    (0.95, 0.8),
    **{
        "textcoords": "axes fraction",
        "ha": "right",
        "arrowprops": {"arrowstyle": "-"},
    },
)
left.annotate(
    "varies least",
    (lambdas[8], factors[8, -1]),
    (0.05, 0.2),
    **{"textcoords": "axes fraction", "arrowprops": {"arrowstyle": "-"}},
)
left.set(
    xscale="log",
    xlabel=r"$\lambda$",
    ylabel="share that is left, $s^2 / (s^2 + nλ)$",
)
left.set_title("Each of ten directions shrinks in its turn")

right.plot(lambdas, conditions, label="condition number of $X^\\top X + nλI$")
right.plot(
    lambdas[::5], steps, "s--", label="steps of descent to a gap of $10^{-8}$"
)
right.set(xscale="log", yscale="log", xlabel=r"$\lambda$", ylim=(0.8, 4e4))
right.set_title("What shrinks them also speeds up")
right.legend(loc="upper right", fontsize="small")
plt.show()

# %%
# What to remember
# ----------------
#
# Adding :math:`\lambda` to every eigenvalue lifts the small ones most. That steadies the weights,
# and with a smaller condition number descent needs fewer steps. What the learning rate has to do
# with it: :ref:`sphx_glr_auto_examples_plot_learning_rates.py`.
