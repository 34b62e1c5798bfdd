r"""
What happens to features that say the same thing?
=================================================

The lasso picks one or two of them, and which ones may be chance. Ridge gives all of them nearly
the same weight. The elastic net does a bit of both: it selects features, but those that say the
same thing together.
"""

# %%
# Three measures of size
# ----------------------
#
# Of 569 tumours thirty measurements were taken, among them radius, perimeter and area: three ways
# to say how large it is, correlated by 0.99. Together with the other mean values they predict the
# radius of the largest cells found ("worst radius"). All columns are standardised, and the
# penalties are as strong as makes all three models explain the same share of the variance.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

plt.style.use("sklearn_reg.legible")
data = load_breast_cancer(as_frame=True)
X = data.data.filter(regex="^mean").rename(
    columns=lambda name: name.removeprefix("mean ")
)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)
y = StandardScaler().fit_transform(data.data[["worst radius"]])[:, 0]
size = ["radius", "perimeter", "area"]
print(X[size].corr().round(3))

share = 0.75
models = {
    "ridge": RidgeRegression(solver="auto"),
    "elastic net": ElasticNetRegression(solver="auto", l1_ratio=0.5),
    "lasso": LassoRegression(solver="auto"),
}


def excess(log_lambda, model):
    return (
        model.set_params(lambda_=np.exp(log_lambda)).fit(X, y).score(X, y)
        - share
    )


figure, axes = plt.subplots(1, 3, figsize=(10, 3.8), sharey=True, sharex=True)
for k, (ax, (name, model)) in enumerate(zip(axes, models.items(), strict=True)):
    excess(brentq(excess, -8, 3, args=(model,)), model)
    bars = ax.barh(
        X.columns, model.coef_, color=f"C{k}", hatch=["", "//", ".."][k]
    )
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_title(
        f"{name}: {np.count_nonzero(model.coef_)} of {X.shape[1]} weights"
    )
    ax.set_xlabel("weight")
axes[0].invert_yaxis()
plt.show()

# %%
# Chance decides
# --------------
#
# Draw the 569 tumours again, with replacement, a hundred times. The elastic net's weights for the
# three hardly change. The lasso leaves out one or another of them from draw to draw.

rng = np.random.default_rng(0)
draws = {name: [] for name in models}
for _ in range(100):
    rows = rng.integers(0, len(y), len(y))
    for name, model in models.items():
        draws[name].append(model.fit(X.iloc[rows], y[rows]).coef_)

figure, ax = plt.subplots(figsize=(7.5, 4))
at = [X.columns.get_loc(name) for name in size]
for k, (name, weights) in enumerate(draws.items()):
    weights = np.array(weights)[:, at]
    places = np.arange(3) + 0.27 * (k - 1)
    scatter = rng.uniform(-0.08, 0.08, weights.shape)
    ax.plot(
        places + scatter,
        weights,
        "os^"[k],
        color=f"C{k}",
        markersize=3,
        alpha=0.6,
    )
    ax.plot([], [], "os^"[k], color=f"C{k}", label=name)
    print(
        f"{name:11s} share of draws in which each is zero:",
        (weights == 0).mean(axis=0),
    )
ax.set(
    ylabel="weight in 100 draws",
    title="The lasso's choice among equals changes with the draw",
)
ax.set_xticks(range(3), size)
ax.axhline(0, color="black", linewidth=0.6)
ax.legend(loc="upper left")
plt.show()

# %%
# Exact copies
# ------------
#
# With a column twice, ridge and elastic net give both the same weight, whatever the data: their
# penalties are strictly convex, and so treat equals equally (the *grouping effect*, Zou and Hastie
# 2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x). For the lasso every division without a
# change of sign costs the same. Its solution is not unique: the even division that the solver here
# returns is one of many, and all the weight on one copy is as good.

twice = X[["radius", "texture"]].assign(copy=X["radius"])
for name, model in models.items():
    print(
        f"{name:11s}",
        model.set_params(lambda_=0.1)
        .fit(twice, y)
        .coef_table()
        .round(3)
        .to_dict(),
    )

lasso = models["lasso"]
moved = lasso.coef_ @ [
    [1, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
]  # the copy's weight goes to the first
np.testing.assert_allclose(twice @ moved, twice @ lasso.coef_, atol=1e-12)
np.testing.assert_allclose(np.abs(moved).sum(), np.abs(lasso.coef_).sum())

# %%
# What to remember
# ----------------
#
# Read a lasso's zeros as "not needed beside the others", never as "without influence". Where a
# group of features belongs together, take some L2: :class:`~sklearn_reg.ElasticNetRegression`.
