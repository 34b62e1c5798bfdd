r"""
Which lambda do the rules choose?
=================================

Say first what the model is for. To predict, take the lambda with the smallest cross-validation
error; for a model with few features that predicts nearly as well, the largest lambda within one
standard error of it. AIC, BIC and generalised cross-validation need no folds: they charge a model
for its degrees of freedom instead.
"""

# %%
# The error along lambda
# ----------------------
#
# The data are 442 patients: ten measurements, all products of two of them, and the progression of
# their diabetes a year later. Those are enough features to overfit with. Five folds measure the
# error of each lambda, and the bars say how far the folds agree. From the left of the figure to the
# dotted line the errors are hardly to be told apart.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_reg import (
    CrossValidationDisplay,
    LassoRegressionCV,
    RegularizationPathDisplay,
    regularization_path,
)

plt.style.use("sklearn_reg.legible")
# As pandas' DataFrames, so that the products have names.
data, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
features = make_pipeline(
    StandardScaler(),
    PolynomialFeatures(2, interaction_only=True, include_bias=False),
).set_output(transform="pandas")
X = features.fit_transform(data)
model = LassoRegressionCV(
    30, eps=5e-3, cv=KFold(5, shuffle=True, random_state=0), standardize=True
).fit(X, y)

display = CrossValidationDisplay.from_estimator(model)
display.ax_.set_ylim(2200, 4500)  # where the choice is made
plt.show()

# %%
# Five rules
# ----------
#
# Each is a line or two of NumPy:
#
# - *min*, to predict: the smallest error.
# - *1-SE*, to predict with few features: the minimum is only known to about a standard error, so of
#   all that are within one of it take the most regularised (Breiman et al. 1984).
# - *AIC* and *GCV*, cheap relatives of *min*: one path on all rows instead of one a fold. What
#   speaks for a small model is not held-out rows but a price for each degree of freedom: 2, and
#   nearly that in GCV as long as there are few of them.
# - *BIC*, for who believes that the truth is sparse and wants to find it: the price is log n, about
#   6 here (Schwarz 1978).
#
# The degrees of freedom of a lasso are estimated by its number of non-zero weights (Zou, Hastie and
# Tibshirani 2007).


def five_rules(model, path, n):
    error = model.mse_path_.mean(axis=1)  # of each lambda, the largest first
    best = error.argmin()
    limit = error[best] + model.mse_path_[best].std(ddof=1) / np.sqrt(
        model.mse_path_.shape[1]
    )
    loss, df = (
        path.training_loss,
        path.degrees_of_freedom + 1,
    )  # and the intercept
    return {
        "min": best,
        "1se": (error <= limit).argmax(),
        "aic": (n * np.log(loss) + 2 * df).argmin(),
        "bic": (n * np.log(loss) + np.log(n) * df).argmin(),
        "gcv": (loss / (1 - df / n) ** 2).argmin(),
    }


path = regularization_path(X, y, model.lambdas_, standardize=True)
rules = five_rules(model, path, len(y))
for rule, k in rules.items():
    assert (
        clone(model).set_params(rule=rule).fit(X, y).lambda_ == path.lambdas[k]
    )

figure, ax = plt.subplots(figsize=(6.4, 4.6))
ax.set_ylim(-30, 30)  # room for the rules below the lines
RegularizationPathDisplay.from_path(path, feature_names=list(X), ax=ax)
for (rule, k), height in zip(rules.items(), range(-16, -30, -3), strict=True):
    lambda_, n_features = path.lambdas[k], np.count_nonzero(path.coefs[k])
    ax.plot(
        [lambda_, lambda_],
        [height, 30],
        color="0.4",
        linestyle="-",
        linewidth=0.8,
    )
    ax.plot(lambda_, height, "ko", markersize=5)
    text = ax.text(
        1.1 * lambda_, height, f"{rule}: {n_features} features", va="center"
    )
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
plt.show()

# %%
# On rows that no rule has seen
# -----------------------------
#
# One split says little, so here are twenty. Each time a quarter of the patients is held out, the
# rest choose, and the held-out rows judge. Splits differ more than rules do, so the figure compares
# within each split. *Overlap* is about the features that two splits choose: the share of those in
# either that is in both.

r2, supports, lambdas = [], [], []
for train, test in ShuffleSplit(20, test_size=0.25, random_state=0).split(data):
    X_train, y_train = features.fit_transform(data.iloc[train]), y.iloc[train]
    model.fit(X_train, y_train)
    path = regularization_path(
        X_train, y_train, model.lambdas_, standardize=True
    )
    chosen = list(five_rules(model, path, len(train)).values())
    fits = (
        features.transform(data.iloc[test]) @ path.coefs[chosen].T
        + path.intercepts[chosen]
    )
    r2.append([r2_score(y.iloc[test], fits[k]) for k in range(5)])
    supports.append(path.coefs[chosen] != 0)
    lambdas.append(path.lambdas[chosen])

r2, supports, lambdas = np.array(r2), np.array(supports), np.array(lambdas)
n_features = supports.sum(axis=2).mean(axis=0)
pairs = np.triu_indices(20, 1)
both, either = (
    supports[pairs[0]] & supports[pairs[1]],
    supports[pairs[0]] | supports[pairs[1]],
)
overlap = (both.sum(axis=2) / either.sum(axis=2)).mean(axis=0)
print("rule  lambda  features  test R2  overlap")
table = np.transpose(
    [np.median(lambdas, axis=0), n_features, r2.mean(axis=0), overlap]
)
for rule, row in zip(rules, table, strict=True):
    print("{:4s}  {:6.1f}  {:8.1f}  {:7.3f}  {:7.2f}".format(rule, *row))
assert n_features[1] < 0.6 * n_features[0]
assert overlap[1] > overlap[0]

figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
axes[0].barh(list(rules), n_features, color="C0")
axes[0].set(
    xlabel="non-zero weights, mean of 20 splits", xticks=range(0, 20, 5)
)
less = r2 - r2[:, :1]
axes[1].axvline(0, color="0.6", linewidth=0.8)
axes[1].errorbar(
    less.mean(axis=0), list(rules), xerr=less.std(axis=0), fmt="ko", capsize=3
)
axes[1].set(
    xlabel="test R² less that of min, mean ± sd",
    xticks=[-0.06, -0.04, -0.02, 0, 0.02],
)
axes[0].invert_yaxis()
axes[0].set_title("Half of the features ...")
axes[1].set_title("... for a few hundredths of R²")
plt.show()

# %%
# What to remember
# ----------------
#
# *min* to predict. *1-SE* to explain: here with about half of the features, which does cost some
# accuracy. AIC and GCV where cross-validation takes too long; BIC for a sparse truth.
#
# The sparser choices were the steadier ones here, but no rule makes the selection certain: two
# splits share about half of their features. A reason is in
# :ref:`sphx_glr_auto_examples_plot_redundant_features.py`, and what lambda trades in
# :ref:`sphx_glr_auto_examples_plot_bias_variance.py`.
