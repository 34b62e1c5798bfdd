r"""
Subgradient against proximal: why does one never reach zero?
============================================================

The L1 penalty has a kink at zero, where it has no gradient. One can step along
:math:`\operatorname{sign}(w)` all the same (a *subgradient*), or step along the loss alone and then
apply the *proximal operator* of the penalty. Only the second makes weights exactly zero: at the
kink the sign jumps from one side to the other, and the proximal operator stops in between.
"""

# %%
# Two steps that look alike
# -------------------------
#
# With :math:`g` the gradient of the loss and :math:`\eta` the learning rate,
#
# .. math::
#     \text{subgradient:} \quad w \leftarrow w - \eta (g + \lambda \operatorname{sign}(w)),
#     \qquad \text{proximal:} \quad w \leftarrow
#     \operatorname{sign}(z) \max(|z| - \eta\lambda, 0), \quad z = w - \eta g .
#
# Away from zero both move a weight by the same :math:`\eta\lambda`. A weight nearer to zero than
# that is carried across it by the first, back by the next step, and so on; the second sets it to
# zero. Ten measurements of 442 patients, standardised; the target is their diabetes a year later.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    ConvergenceDisplay,
    LassoRegression,
    l1_gradient,
    l1_prox,
)

plt.style.use("sklearn_reg.legible")
data = load_diabetes(scaled=False)
X = StandardScaler().fit_transform(data.data)
y = data.target - data.target.mean()
n = len(y)
lambda_, lr, n_steps = 5.0, 0.1, 400


def gradient(w):
    return -X.T @ (y - X @ w) / n


subgradient, proximal = np.zeros((2, n_steps + 1, X.shape[1]))
for k in range(n_steps):
    w = subgradient[k]
    subgradient[k + 1] = w - lr * (gradient(w) + l1_gradient(w, lambda_))
    w = proximal[k]
    proximal[k + 1] = l1_prox(w - lr * gradient(w), lr, lambda_)

age = data.feature_names.index("age")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
left.plot(subgradient[:60, age], marker=".", linewidth=0.8, label="subgradient")
left.plot(proximal[:60, age], label="proximal")
left.set(xlabel="step", ylabel="weight of age (unit of y)")
left.set_title("One flips its sign, the other is zero", pad=22)
left.legend(
    loc="lower left", bbox_to_anchor=(0, 0.98), ncols=2, fontsize="small"
)

right.plot((subgradient != 0).sum(axis=1), label="subgradient")
right.plot((proximal != 0).sum(axis=1), label="proximal")
right.set(xlabel="step", ylabel="weights that are not zero", ylim=(0, 10.5))
right.set_title("Only proximal steps select")
right.legend(loc="lower right")
plt.show()

# %%
# How near do they come?
# ----------------------
#
# The estimators take the same steps (`solver="subgradient"` and `"gradient_descent"`). Their
# objectives look alike; the duality gap, a bound of the distance to the optimum, tells them apart.
# With a constant learning rate the subgradient hovers, for ever. A rate that falls with the steps
# makes it converge, but slowly, and its weights still only come *near* zero. With momentum
# (`"accelerated"`) the proximal steps arrive sooner.

lasso = LassoRegression(lambda_=lambda_, learning_rate=lr, tol=1e-10)
display = ConvergenceDisplay.from_estimator(lasso, X, y)
plt.show()

smallest = np.abs(subgradient[-1]).min()
count = np.count_nonzero(subgradient[-1])
print(f"Subgradient: {count} weights, the smallest {smallest:.1e}")
print(f"Proximal:    {np.count_nonzero(proximal[-1])} weights")

# %%
# What to remember
# ----------------
#
# A sign that flips cannot stop at zero; a proximal operator can, because it asks for the best point
# near :math:`w` instead of a direction. For what it looks like from above, see
# :ref:`sphx_glr_auto_examples_plot_geometry.py`.
