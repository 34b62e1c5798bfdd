r"""
Does it drop into a Pipeline and a grid search?
===============================================

Yes: the estimators are scikit-learn's in every respect, and give what scikit-learn's own do. Here
both choose lambda for the same data, by `GridSearchCV` and by their own cross-validation, and end
at the same curve and the same model.
"""

# %%
# The same search, twice
# ----------------------
#
# Ten measurements of 440 patients with their squares and products, standardised, in a pipeline. In
# scikit-learn's terms `lambda_` is `alpha`; only `Ridge` wants it multiplied by the number of
# training rows, 264 in every fold of the 330 that are searched. scikit-learn's solvers are asked
# for a tight tolerance, with which the curves agree to four digits.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, LassoCV, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
)

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(
    X[:440], y[:440], test_size=110, random_state=0
)
folds = KFold(5, shuffle=True, random_state=0)
n_train = 264
grid = np.geomspace(0.3, 30, 15)
tight = {"tol": 1e-8, "max_iter": 100_000}


def search(model, parameter, values):
    squares = PolynomialFeatures(2, include_bias=False)
    pipeline = Pipeline(
        [("squares", squares), ("scale", StandardScaler()), ("model", model)]
    )
    parameters = {f"model__{parameter}": values}
    start = time.perf_counter()
    found = GridSearchCV(
        pipeline, parameters, cv=folds, scoring="neg_mean_squared_error"
    )
    return found.fit(X, y), time.perf_counter() - start


pairs = {
    "ridge": (RidgeRegression(solver="auto"), Ridge(), n_train),
    "lasso": (LassoRegression(solver="auto"), Lasso(**tight), 1),
    "elastic net": (
        ElasticNetRegression(solver="auto"),
        ElasticNet(**tight),
        1,
    ),
}
figure, ax = plt.subplots()
print("             lambda chosen      test R2         seconds")
print("             here  sklearn   here  sklearn   here  sklearn")
for k, (name, (ours, theirs, factor)) in enumerate(pairs.items()):
    here, seconds = search(ours, "lambda_", grid)
    there, their_seconds = search(theirs, "alpha", factor * grid)
    curve, their_curve = (
        -found.cv_results_["mean_test_score"] for found in (here, there)
    )
    np.testing.assert_allclose(curve, their_curve, rtol=1e-4)
    assert here.best_index_ == there.best_index_
    ax.plot(grid, curve, color=f"C{k}", label=name)
    ax.plot(grid, their_curve, "o", color=f"C{k}", fillstyle="none")
    scores = [
        r2_score(y_test, found.predict(X_test)) for found in (here, there)
    ]
    lambdas = (
        here.best_params_["model__lambda_"],
        there.best_params_["model__alpha"] / factor,
    )
    print(
        f"{name:11s} {lambdas[0]:5.2f}  {lambdas[1]:7.2f}  {scores[0]:5.3f}  ",
        end="",
    )
    print(f"{scores[1]:7.3f}  {seconds:5.2f}  {their_seconds:7.2f}")
ax.set(xscale="log", xlabel=r"$\lambda$ (more penalty to the right)")
ax.set_ylabel("cross-validation error (unit of y²)")
ax.set_title("Lines: sklearn_reg. Circles: scikit-learn.")
ax.legend()
plt.show()

# %%
# (Ridge's test scores differ a little: the search refits on 330 rows, where an alpha of 264 lambda
# is a smaller lambda.)
#
# The lasso and the elastic net of scikit-learn may take less time here. Their solver is compiled,
# and in fits as small as these, what Python does around a fit takes longer than the fit itself.
#
# Cross-validation of its own
# ---------------------------
#
# A grid search starts every fit from nothing. The CV classes go from one lambda to the next and
# read the data once for all folds; here without the pipeline, because what is fitted inside the
# folds must be fitted again for each of them. The same folds and the same hundred lambdas, again:

Z = StandardScaler().fit_transform(
    PolynomialFeatures(2, include_bias=False).fit_transform(X)
)
start = time.perf_counter()
here = LassoRegressionCV(cv=folds, eps=0.01).fit(Z, y)
seconds = time.perf_counter() - start
start = time.perf_counter()
there = LassoCV(alphas=here.lambdas_, cv=folds, **tight).fit(Z, y)
their_seconds = time.perf_counter() - start
np.testing.assert_allclose(here.mse_path_, there.mse_path_, rtol=1e-4)
print(
    f"here {seconds:.2f} s, scikit-learn {their_seconds:.2f} s; the same lambda:",
    end=" ",
)
print(round(here.lambda_, 3), round(there.alpha_, 3))

# %%
# What to remember
# ----------------
#
# Change the import and translate the penalty: :doc:`/coming_from`. The times are of the machine
# that built this page. What choosing lambda is about:
# :ref:`sphx_glr_auto_examples_plot_choosing_lambda.py`.
