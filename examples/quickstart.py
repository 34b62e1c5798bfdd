"""Ridge, lasso and elastic net on the diabetes data: choose lambda, over- and underfit, descend.

Ten measurements of 442 patients (age, sex, body mass, blood values) predict how far their diabetes
has progressed a year later. Run it with

    python examples/quickstart.py [--figure PATH]

The figure needs Matplotlib; everything else is printed.
"""

from __future__ import annotations

import argparse
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    train_test_split,
    validation_curve,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

# "auto" returns the optimum. The tolerance is tight, so that what differs from scikit-learn is
# rounding and not an early stop.
EXACT = {"solver": "auto", "tol": 1e-12}
EXACT_SKL = {"tol": 1e-12, "max_iter": 100_000}
GRID = 10.0 ** np.arange(-3, 1.25, 0.25)


class Data(NamedTuple):
    """Training and test samples."""

    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray


class Sweep(NamedTuple):
    """Mean squared errors along a grid of lambda."""

    lambdas: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    standard_error: np.ndarray  # of the validation error

    @property
    def best(self) -> int:
        return int(self.validation.argmin())

    @property
    def as_good(self) -> np.ndarray:
        """Whether the folds cannot tell a lambda from the best one."""
        return (
            self.validation
            <= self.validation[self.best] + self.standard_error[self.best]
        )


def compare(data: Data) -> None:
    """Let cross-validation choose lambda, for our estimators and scikit-learn's, side by side."""
    print(
        "1. Lambda by 5-fold cross-validation, here and in scikit-learn (skl)\n"
    )
    print(
        "                       lambda          test R2       non-zeros   weights differ"
    )
    print(
        "                   here     skl     here    skl     here   skl      by at most"
    )
    # scikit-learn's Ridge adds its penalty to a sum over samples, everything else here to a mean,
    # so its alpha is lambda times the number of samples. The folds of the search are smaller than
    # the data of the final fit, and no alpha is right for both: it is set for the final fit, and
    # scikit-learn's search sees a slightly larger lambda.
    n_samples = len(data.y)
    for name, ours, theirs, factor in (
        ("ridge", RidgeRegression(**EXACT), Ridge(), n_samples),
        ("lasso", LassoRegression(**EXACT), Lasso(**EXACT_SKL), 1),
        (
            "elastic net",
            ElasticNetRegression(**EXACT),
            ElasticNet(**EXACT_SKL),
            1,
        ),
    ):
        here = search(ours, "lambda_", GRID, data)
        skl = search(theirs, "alpha", factor * GRID, data)
        lambda_ = here.best_params_["model__lambda_"]
        skl_lambda = skl.best_params_["model__alpha"] / factor
        # The two may choose differently. Weights are compared at the lambda chosen here.
        same = clone(skl.best_estimator_).set_params(
            model__alpha=factor * lambda_
        )
        difference = np.abs(
            weights(here.best_estimator_) - weights(same.fit(data.X, data.y))
        )
        print(
            f"   {name:13}{lambda_:7.3f} {skl_lambda:7.3f}"
            f"   {here.score(data.X_test, data.y_test):6.3f}"
            f" {skl.score(data.X_test, data.y_test):6.3f}"
            f"   {np.count_nonzero(weights(here.best_estimator_)):6}"
            f" {np.count_nonzero(weights(skl.best_estimator_)):5}"
            f"   {difference.max():13.0e}"
        )


def search(
    model, parameter: str, values: np.ndarray, data: Data
) -> GridSearchCV:
    """Cross-validate a model on standardised measurements, and refit it with the best value."""
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)])
    return GridSearchCV(pipeline, {f"model__{parameter}": values}, cv=5).fit(
        data.X, data.y
    )


def weights(pipeline: Pipeline) -> np.ndarray:
    return pipeline["model"].coef_


def sweep(data: Data) -> Sweep:
    """Measure training and validation error for lambdas from far too small to far too large."""
    # Ten weights can hardly overfit 331 patients. Ten, their squares and their products can.
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("products", PolynomialFeatures(2, include_bias=False)),
            ("rescale", StandardScaler()),
            ("model", LassoRegression(solver="auto")),
        ]
    )
    lambdas = 10.0 ** np.arange(-4, 2.25, 0.25)
    scores = validation_curve(
        pipeline,
        data.X,
        data.y,
        param_name="model__lambda_",
        param_range=lambdas,
        cv=5,
        scoring="neg_mean_squared_error",
    )
    training, validation = (-score for score in scores)
    standard_error = validation.std(axis=1, ddof=1) / np.sqrt(
        validation.shape[1]
    )
    return Sweep(
        lambdas, training.mean(axis=1), validation.mean(axis=1), standard_error
    )


def print_sweep(result: Sweep) -> None:
    print(
        "\n2. A sweep of lambda: the lasso on the measurements, their squares and products\n"
    )
    print("     lambda    training  validation   (mean squared error, 5 folds)")
    for i in range(0, len(result.lambdas), 4):  # the whole powers of ten
        if result.as_good[i]:
            verdict = "fits: within a standard error of the best"
        elif i < result.best:
            verdict = "overfits: good only on the patients it has seen"
        else:
            verdict = "underfits: poor even on the patients it has seen"
        print(
            f"   {result.lambdas[i]:8g}  {result.training[i]:10.0f}  {result.validation[i]:10.0f}"
            f"   {verdict}"
        )
    print(f"   The best lambda is {result.lambdas[result.best]:.2f},", end=" ")
    print(f"with a validation error of {result.validation[result.best]:.0f}.")


def descend(data: Data) -> dict[str, np.ndarray]:
    """Stop gradient descent here and there, and return its way down for three learning rates."""
    X = StandardScaler().fit_transform(data.X)
    optimum = LassoRegression(lambda_=1.0, **EXACT).fit(X, data.y)

    def fit(learning_rate: float | str, n_iterations: int) -> LassoRegression:
        model = LassoRegression(1.0, learning_rate, n_iterations, tol=1e-12)
        with warnings.catch_warnings():
            # Here it stops early on purpose. Anywhere else this warning is worth reading.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X, data.y)

    print(
        "\n3. Gradient descent on the objective of the lasso: lambda = 1, learning rate = 0.1\n"
    )
    print("   iteration    objective   above optimum   duality gap   non-zeros")
    history = fit(0.1, 1000).history_
    for k in (1, 10, 100, 1000):
        stopped = fit(0.1, n_iterations=k)
        print(
            f"   {k:9}   {history[k - 1]:10.4f}   {history[k - 1] - optimum.objective_:13.1e}"
            f"   {stopped.dual_gap_:11.1e}   {np.count_nonzero(stopped.coef_):9}"
        )
    print(
        f"   {'auto':>9}   {optimum.objective_:10.4f}   {'':13}"
        f"   {optimum.dual_gap_:11.1e}   {np.count_nonzero(optimum.coef_):9}"
    )
    print(
        "   The gap bounds the distance to the optimum, and is known without the optimum."
    )
    rates = {"0.01": 0.01, "0.1": 0.1, "auto = 1/L": "auto"}
    return {
        label: fit(rate, 20_000).history_ - optimum.objective_
        for label, rate in rates.items()
    }


# Told apart by lightness and dash as well as by hue, and labelled at the line.
DARK, MIDDLE, LIGHT, GREY = "#08306b", "#c04a00", "#e8a400", "#555555"


def draw(result: Sweep, descents: dict[str, np.ndarray], path: str) -> None:
    """Save the sweep and the descents as one figure."""
    from matplotlib.figure import (
        Figure,
    )  # no pyplot: neither a window nor a display is needed

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_sweep(left, result)
    draw_descents(right, descents)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def draw_sweep(axes, result: Sweep) -> None:
    lambdas, best = result.lambdas, result.best
    low, high = lambdas[result.as_good][[0, -1]]
    axes.axvspan(low, high, color="0.92", lw=0)
    axes.plot(lambdas, result.validation, color=DARK, lw=2)
    axes.plot(lambdas, result.training, color=MIDDLE, lw=2, ls="--")
    axes.plot(lambdas[best], result.validation[best], "o", color=DARK, ms=8)
    axes.annotate(
        f"best: {lambdas[best]:.2f}",
        (lambdas[best], result.validation[best]),
        xytext=(6, 12),
        textcoords="offset points",
        ha="right",
        color=DARK,
    )
    axes.text(lambdas[0], result.validation[0] + 150, "validation", color=DARK)
    axes.text(lambdas[0], result.training[0] - 350, "training", color=MIDDLE)
    for x, side in (
        (np.sqrt(lambdas[0] * low), "overfits"),
        (np.sqrt(low * high), "fits"),
        (np.sqrt(high * lambdas[-1]), "underfits"),
    ):
        axes.text(x, 400, side, ha="center", color=GREY)
    axes.set(
        xscale="log",
        ylim=(0, None),
        xlabel="lambda",
        ylabel="mean squared error",
    )
    axes.set_title("Lasso, penalised too little and too much", loc="left")


def draw_descents(axes, descents: dict[str, np.ndarray]) -> None:
    styles = zip((LIGHT, MIDDLE, DARK), ("-.", "--", "-"), strict=True)
    for (label, above), (color, dash) in zip(
        descents.items(), styles, strict=True
    ):
        iterations = np.arange(1, len(above) + 1)
        axes.plot(iterations, above, color=color, ls=dash, lw=2, label=label)
    axes.set(xscale="log", yscale="log", ylim=(1e-6, None))
    axes.set(xlabel="iteration", ylabel="objective above the optimum")
    axes.set_title("Gradient descent, by learning rate", loc="left")
    axes.legend(
        title="learning rate", frameon=False, loc="lower left", alignment="left"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--figure", default="quickstart.png", help="where to save the figure"
    )
    path = parser.parse_args().figure
    X, y = load_diabetes(return_X_y=True, scaled=False)
    data = Data(*train_test_split(X, y, random_state=0))
    compare(data)
    result = sweep(data)
    print_sweep(result)
    descents = descend(data)
    try:
        draw(result, descents, path)
    except ModuleNotFoundError:
        print(
            "\nNo figure without Matplotlib: python -m pip install matplotlib"
        )
    else:
        print(f"\nThe sweep and the descent as a figure: {path}")


if __name__ == "__main__":
    main()
