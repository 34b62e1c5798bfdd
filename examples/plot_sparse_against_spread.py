r"""
What do the weights look like under each penalty?
=================================================

Ridge spreads the model over all features: many small weights, and none of them zero. The lasso
rests it on a few: some large weights, and exact zeros for the rest. The elastic net is in between.
For a fair comparison each model here has the penalty with which it fits the training data as well
as the others (to one part in a thousand).
"""

# %%
# As good a fit, with different weights
# -------------------------------------
#
# The data are ten measurements of 442 patients with all their products up to the third degree,
# standardised: many features for few patients. (Powers of sex are left out. It has two values, so
# they are copies of it.) The target is a score of their diabetes one year later.
#
# The lasso's :math:`\lambda` is chosen by cross-validation. The training error grows with
# :math:`\lambda`, so that a path of many :math:`\lambda` shows where ridge and elastic net have the
# same.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import PolynomialFeatures, scale

from sklearn_reg import (
    ElasticNetRegression,
    LassoRegressionCV,
    regularization_path,
)

plt.style.use("sklearn_reg.legible")
data = load_diabetes(scaled=False)
products = PolynomialFeatures(3, include_bias=False).fit(data.data)
no_power_of_sex = products.powers_[:, data.feature_names.index("sex")] < 2
X, y = (
    scale(products.transform(scale(data.data))[:, no_power_of_sex]),
    data.target,
)


def training_error(model):
    return np.mean((y - model.predict(X)) ** 2)


lasso = LassoRegressionCV().fit(X, y)
models = {}
for name, l1_ratio in (("Ridge", 0), ("Elastic net", 0.5), ("Lasso", 1)):
    path = regularization_path(X, y, np.geomspace(0.3, 30, 40), l1_ratio)
    # Where on the path is the error that of the lasso? interp wants rising errors.
    lambda_ = np.interp(
        training_error(lasso), path.training_loss[::-1], path.lambdas[::-1]
    )
    models[name] = ElasticNetRegression(
        lambda_, l1_ratio=l1_ratio, solver="auto"
    ).fit(X, y)
    np.testing.assert_allclose(
        training_error(models[name]), training_error(lasso), rtol=1e-3
    )

figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharex=True, sharey=True)
for k, (ax, (name, model)) in enumerate(zip(axes, models.items(), strict=True)):
    sizes = np.abs(model.coef_)
    zeros = np.count_nonzero(sizes == 0)
    assert sizes.max() < 25
    ax.bar(
        -0.5,
        zeros,
        width=1,
        color="0.85",
        edgecolor="black",
        hatch="//",
        label="exactly zero",
    )
    ax.hist(
        sizes[sizes > 0],
        bins=np.arange(26),
        color=f"C{k}",
        edgecolor="white",
        label="not zero",
    )
    ax.set(
        title=f"{name}: {zeros} of {sizes.size} are zero",
        xlabel="size of the weight (unit of y)",
    )
    ax.set_yscale(
        "symlog", linthresh=1
    )  # linear from 0 to 1, where a logarithm has no place
    ax.set_yticks([0, 1, 10, 100], labels=["0", "1", "10", "100"])
axes[0].set_ylabel("number of weights")
axes[0].legend()
plt.show()

# %%
# On how many features does a model rest?
# ---------------------------------------
#
# Sorted by size, the lasso's weights start higher and end early. The largest ones carry most of its
# model; in ridge, as good a fit is the sum of many small parts.
#
# The same training error does not mean the same error on new patients. Where few features matter,
# as it seems here, the sparse model is the better one; where many matter a little, ridge can be.

figure, ax = plt.subplots()
print("             ten largest weights  cross-validation error")
for name, model in models.items():
    sizes = np.sort(np.abs(model.coef_))[::-1]
    ax.plot(
        np.arange(1, sizes.size + 1),
        np.where(sizes > 0, sizes, np.nan),
        label=f"{name}: {np.count_nonzero(sizes)} are not zero",
    )
    error = -cross_val_score(
        model, X, y, cv=5, scoring="neg_mean_squared_error"
    ).mean()
    print(
        f"{name:12s} {sizes[:10].sum() / sizes.sum():13.0%} of all {error:17.0f}"
    )
ax.set(
    yscale="log", ylim=(1e-3, 40), xlabel="rank of the weight, from the largest"
)
ax.set_ylabel("size of the weight (unit of y)")
ax.set_title("The lasso's weights are few and large, ridge's many and small")
ax.legend()
plt.show()

# %%
# What to remember
# ----------------
#
# For the same fit ridge uses a little of everything and the lasso much of a few things. Why L1
# makes zeros: :ref:`sphx_glr_auto_examples_plot_geometry.py`. How far to trust its choice:
# :ref:`sphx_glr_auto_examples_plot_redundant_features.py`.
