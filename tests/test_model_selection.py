"""Cross-validation: the curves of scikit-learn's own classes, and what their users wait for."""

from __future__ import annotations

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNetCV, LassoCV, Ridge, RidgeCV
from sklearn.metrics import get_scorer, mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_sweep,
    regularization_path,
)
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import rows_of
from sklearn_reg._selection.choice import one_standard_error
from sklearn_reg._selection.folds import MomentFolds, RowFolds
from sklearn_reg._selection.splits import Split

Array = np.ndarray[Any, Any]
FOLDS = KFold(5, shuffle=True, random_state=0)
EXACT = {"tol": 1e-13}
SINGLE = {
    RidgeRegressionCV: RidgeRegression,
    LassoRegressionCV: LassoRegression,
    ElasticNetRegressionCV: ElasticNetRegression,
}
# Small grids often end before the best lambda; that this warns has a test of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning")
every_class = pytest.mark.parametrize("CV", list(SINGLE))


def data_of(name: str) -> tuple[Array, Array]:
    if name == "diabetes":  # unstandardised
        return load_diabetes(return_X_y=True, scaled=False)
    rng = np.random.default_rng(0)
    n, p = {"tall": (300, 12), "wide": (40, 60)}[name]
    X = rng.standard_normal((n, p)) + rng.uniform(-2, 2, p)
    return X, X[:, :4] @ [3.0, -2.0, 1.0, 1.0] + rng.standard_normal(n)


every_shape = pytest.mark.parametrize("shape", ["diabetes", "tall", "wide"])


# --- agreement ------------------------------------------------------------------------------------


@every_shape
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
def test_curves_and_pick_are_those_of_scikit_learn(shape, l1_ratio, weighted) -> None:
    X, y = data_of(shape)
    s = np.random.default_rng(1).integers(1, 4, len(y)).astype(float) if weighted else None
    ours = ElasticNetRegressionCV(30, l1_ratio, eps=0.02, cv=FOLDS, **EXACT).fit(X, y, s)
    peer = ElasticNetCV(
        l1_ratio=l1_ratio, alphas=ours.lambdas_, cv=FOLDS, tol=1e-12, max_iter=10**6
    ).fit(X, y, s)
    assert_allclose(ours.mse_path_, peer.mse_path_, rtol=1e-6)
    assert ours.lambda_ == peer.alpha_
    assert_allclose(ours.coef_, peer.coef_, rtol=0, atol=1e-5 * np.abs(peer.coef_).max())


@every_class
@every_shape
def test_curves_and_pick_are_those_of_a_grid_search(CV, shape) -> None:
    X, y = data_of(shape)
    ours = CV(20, eps=0.02, cv=FOLDS, **EXACT).fit(X, y)
    single = SINGLE[CV](solver="auto", **EXACT)
    search = GridSearchCV(
        single, {"lambda_": ours.lambdas_}, cv=FOLDS, scoring="neg_mean_squared_error"
    ).fit(X, y)
    curve = -search.cv_results_["mean_test_score"]
    assert_allclose(ours.mse_path_.mean(axis=1), curve, rtol=1e-6)
    assert ours.lambda_ == search.best_params_["lambda_"]
    assert_allclose(ours.coef_, search.best_estimator_.coef_, rtol=1e-5, atol=1e-8)


@every_shape
def test_ridge_picks_what_ridge_cv_picks(shape) -> None:
    # RidgeCV's alpha is lambda times the rows of the training set, which its grid shares.
    X, y = data_of(shape)
    X, y = X[: len(y) // 5 * 5], y[: len(y) // 5 * 5]
    n_train = len(y) * 4 // 5
    ours = RidgeRegressionCV(30, cv=KFold(5)).fit(X, y)
    peer = RidgeCV(
        alphas=ours.lambdas_ * n_train, cv=KFold(5), scoring="neg_mean_squared_error"
    ).fit(X, y)
    assert_allclose(ours.lambda_, peer.alpha_ / n_train)
    for k in (0, 15, 29):
        for fold, (train, test) in enumerate(KFold(5).split(X)):
            model = Ridge(ours.lambdas_[k] * n_train, solver="svd").fit(X[train], y[train])
            expected = mean_squared_error(y[test], model.predict(X[test]))
            assert_allclose(ours.mse_path_[k, fold], expected, rtol=1e-6)


def test_ridge_leave_one_out_is_that_of_ridge_cv() -> None:
    X, y = data_of("tall")
    X, y = X[:60], y[:60]
    ours = RidgeRegressionCV(10, cv=LeaveOneOut()).fit(X, y)
    peer = RidgeCV(alphas=ours.lambdas_ * 59, store_cv_results=True).fit(X, y)
    assert_allclose(ours.mse_path_, peer.cv_results_.T, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("shape", ["tall", "wide"])
@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize(
    "kind", ["plain", "no intercept", "penalty weights", "sparse", "far from 0"]
)
def test_leave_one_out_from_one_decomposition_is_a_fit_per_row(shape, n_targets, kind) -> None:
    X, y = data_of(shape)
    X, y = X[:40], y[:40]
    if n_targets:
        y = np.column_stack([y, 100 * X[:, 5] + y])
    X = 1e6 + X if kind == "far from 0" else X
    X = sparse.csr_array(np.where(np.abs(X) > 1, X, 0)) if kind == "sparse" else X
    settings: dict[str, Any] = {"fit_intercept": kind != "no intercept"}
    if kind == "penalty weights":
        settings["penalty_weights"] = np.linspace(0.1, 3, X.shape[1])
    ours = RidgeRegressionCV(12, cv=LeaveOneOut(), **settings).fit(X, y)
    assert len(ours._fold_coefs[0]) == 40
    assert not isinstance(ours._fold_coefs[0], list)  # so this was the short way
    each = RidgeRegressionCV(12, cv=list(LeaveOneOut().split(X)), **settings).fit(X, y)
    assert isinstance(each._fold_coefs[0], list)
    # A residual that happens to be near zero has the rounding of X w, not of itself.
    rounding = 1e-12 * np.max(y**2)
    for name in ("lambdas_", "lambda_", "mse_path_", "train_mse_path_"):
        atol = rounding if "mse" in name else 0.0
        mine, theirs = getattr(ours, name), getattr(each, name)
        assert_allclose(mine, theirs, rtol=1e-6, atol=atol, err_msg=name)
    largest = np.abs(each.fold_coefs_).max()
    assert_allclose(ours.fold_coefs_, each.fold_coefs_, rtol=1e-6, atol=1e-8 * largest)
    largest = np.abs(each.fold_intercepts_).max()
    assert_allclose(ours.fold_intercepts_, each.fold_intercepts_, rtol=1e-6, atol=1e-8 * largest)
    assert ours.dual_gaps_.shape == each.dual_gaps_.shape
    assert (ours.dual_gaps_ <= 1e-6 * np.var(y, axis=0).max()).all()


def test_gaps_of_leave_one_out_are_valid_from_outside() -> None:
    X, y = data_of("tall")
    X, y = X[:40], y[:40]
    model = RidgeRegressionCV(6, cv=LeaveOneOut()).fit(X, y)
    for fold, (train, _) in enumerate(LeaveOneOut().split(X)):
        for k, lambda_ in enumerate(model.lambdas_):
            w, best = model.fold_coefs_[k, fold], Ridge(39 * lambda_, solver="svd")
            best.fit(X[train], y[train])
            values = [
                0.5 * np.mean((y[train] - X[train] @ v - b) ** 2) + 0.5 * lambda_ * v @ v
                for v, b in [(w, model.fold_intercepts_[k, fold]), (best.coef_, best.intercept_)]
            ]
            rounding = 1e-14 * values[1]
            assert values[0] - values[1] <= model.dual_gaps_[k, fold] + rounding


def test_leave_one_out_of_a_row_that_explains_itself_takes_the_long_way() -> None:
    # The last column is the indicator of the first row: without that row it is constant.
    X, y = data_of("tall")
    X = np.column_stack([X[:30], np.eye(30)[:, 0]])
    grid = [1e-3, 1e-9]
    ours = RidgeRegressionCV(grid, cv=LeaveOneOut()).fit(X, y[:30])
    each = RidgeRegressionCV(grid, cv=list(LeaveOneOut().split(X))).fit(X, y[:30])
    assert_array_equal(ours.mse_path_, each.mse_path_)


@every_class
@every_shape
@pytest.mark.parametrize("sparse_format", ["csr", "csc"])
def test_sparse_and_dense_agree(CV, shape, sparse_format) -> None:
    X, y = data_of(shape)
    X = np.where(np.abs(X) > np.median(np.abs(X)), X, 0.0)
    dense = CV(10, cv=FOLDS, eps=0.05, **EXACT).fit(X, y)
    of_sparse = CV(10, cv=FOLDS, eps=0.05, **EXACT).fit(
        sparse.csr_array(X).asformat(sparse_format), y
    )
    assert_allclose(of_sparse.mse_path_, dense.mse_path_, rtol=1e-6)
    assert_allclose(of_sparse.fold_coefs_, dense.fold_coefs_, rtol=1e-5, atol=1e-6)


SPLITTERS = {
    "shuffle": ShuffleSplit(4, train_size=0.5, test_size=0.2, random_state=0),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "time": TimeSeriesSplit(4),
    "one out": LeaveOneOut(),
}


@every_class
@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_and_rows_give_the_same_curves(CV, splitter, weighted) -> None:
    X, y = data_of("tall")
    X, y = X[:45], y[:45] + 1e6
    s = np.random.default_rng(2).uniform(0.1, 1.0, 45) if weighted else None
    splits = list(SPLITTERS[splitter].split(X))
    model = CV(6, cv=splits, **EXACT).fit(X, y, s)
    for fold, (train, test) in enumerate(splits):
        weights = None if s is None else s[train]
        for k, lambda_ in enumerate(model.lambdas_):
            single = SINGLE[CV](lambda_, solver="auto", **EXACT).fit(X[train], y[train], weights)
            for rows, path in ((test, model.mse_path_), (train, model.train_mse_path_)):
                weight = None if s is None else s[rows]
                expected = mean_squared_error(
                    y[rows], single.predict(X[rows]), sample_weight=weight
                )
                assert_allclose(path[k, fold], expected, rtol=1e-6)


def test_a_row_may_be_drawn_twice() -> None:
    X, y = data_of("tall")
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 200, 200)
    model = LassoRegressionCV(5, cv=[(drawn, np.arange(200, 300))], **EXACT).fit(X, y)
    single = LassoRegression(model.lambdas_[3], solver="auto", **EXACT).fit(X[drawn], y[drawn])
    expected = mean_squared_error(y[200:], single.predict(X[200:]))
    assert_allclose(model.mse_path_[3, 0], expected, rtol=1e-9)


def test_moments_say_when_they_lost_the_digits_of_an_error() -> None:
    # An exact fit: the error is a difference of numbers 1e20 times larger.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, 2.0, 3.0]
    splits = [Split(np.arange(40), np.arange(40, 80))]
    preprocessing = Preprocessing(centred=True, standardize=False)
    coefs, intercepts = np.array([[1.0, 2.0, 3.0 + 1e-10]]), np.zeros((1, 1))
    errors = [
        Folds(rows_of(X), y[:, None], None, splits, preprocessing).errors(0, coefs, intercepts)
        for Folds in (MomentFolds, RowFolds)
    ]
    assert_allclose(errors[0], errors[1], rtol=1e-6)
    assert (errors[1] > 0).all()


# --- what users of the peers wait for (selection) -------------------------------------------------


def test_one_standard_error_rule_takes_the_larger_lambda() -> None:
    """scikit-learn #6630."""
    X, y = data_of("diabetes")
    least = LassoRegressionCV(cv=FOLDS).fit(X, y)
    sparser = LassoRegressionCV(cv=FOLDS, rule="1se").fit(X, y)
    means = least.mse_path_.mean(axis=1)
    best = int(means.argmin())
    limit = means[best] + least.mse_path_[best].std(ddof=1) / np.sqrt(5)
    assert sparser.lambda_ > least.lambda_ == least.lambdas_[best]
    assert sparser.lambda_ == least.lambdas_[means <= limit].max()
    assert np.count_nonzero(sparser.coef_) < np.count_nonzero(least.coef_)
    assert one_standard_error(np.array([[5.0, 5.0], [1.9, 2.1], [1.0, 3.0]])) == 1


def test_all_ways_to_choose_agree_on_unscaled_data() -> None:
    """scikit-learn #24877: LassoCV and GridSearchCV pick different penalties."""
    X, y = data_of("diabetes")
    grid = np.geomspace(50, 1e-3, 40)
    folds = KFold(5)
    exact = {"tol": 1e-11}  # moments certify no more at the smallest penalties
    ours = LassoRegressionCV(grid, cv=folds, **exact).fit(X, y)
    search = GridSearchCV(
        LassoRegression(solver="auto", **exact),
        {"lambda_": grid},
        cv=folds,
        scoring="neg_mean_squared_error",
    ).fit(X, y)
    peer = LassoCV(alphas=grid, cv=folds, tol=1e-12, max_iter=10**6).fit(X, y)
    assert ours.lambda_ == search.best_params_["lambda_"] == peer.alpha_


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", "explained_variance"])
@every_shape
def test_any_scorer_chooses(scoring, shape) -> None:
    """scikit-learn #9779."""
    X, y = data_of(shape)
    model = LassoRegressionCV(12, eps=0.01, cv=FOLDS, scoring=scoring, **EXACT).fit(X, y)
    single = LassoRegression(solver="auto", **EXACT)
    search = GridSearchCV(single, {"lambda_": model.lambdas_}, cv=FOLDS, scoring=scoring)
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert_allclose(model.score_path_.mean(axis=1), scores, rtol=1e-6, atol=1e-9)
    assert model.lambda_ == search.best_params_["lambda_"]


def test_scores_of_an_earlier_fit_do_not_stay() -> None:
    X, y = data_of("tall")
    model = LassoRegressionCV(5, cv=FOLDS, scoring="r2").fit(X, y)
    assert model.score_path_.shape == (5, 5)
    assert not hasattr(model.set_params(scoring=None).fit(X, y), "score_path_")


@every_class
@every_shape
def test_fold_coefficients_and_training_errors_are_kept(CV, shape) -> None:
    """scikit-learn #31733."""
    X, y = data_of(shape)
    model = CV(8, cv=FOLDS, eps=0.05).fit(X, y)
    assert model.fold_coefs_.shape == (8, 5, X.shape[1])
    assert model.train_mse_path_.shape == model.dual_gaps_.shape == (8, 5)
    for fold, (train, _) in enumerate(FOLDS.split(X)):
        centred = X[train] - X[train].mean(axis=0)
        residual = y[train] - y[train].mean() - centred @ model.fold_coefs_[4, fold]
        assert_allclose(model.train_mse_path_[4, fold], np.mean(residual**2), rtol=1e-6)


@pytest.mark.parametrize("way", ["upwards", "downwards"])
def test_a_pick_at_the_edge_warns_and_says_which_way(way) -> None:
    """scikit-learn #23031."""
    X, y = data_of("tall")
    best = LassoRegressionCV(cv=FOLDS, eps=1e-5).fit(X, y).lambda_
    lambdas = best * (np.array([0.01, 0.1]) if way == "upwards" else np.array([10.0, 100.0]))
    with pytest.warns(UserWarning, match=f"extend it {way}"):
        LassoRegressionCV(lambdas, cv=FOLDS).fit(X, y)
    with pytest.warns(UserWarning, match="a smaller eps than 0.5"):
        LassoRegressionCV(3, eps=0.5, cv=FOLDS).fit(X, y)


def test_an_empty_model_at_lambda_max_is_no_edge() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((50, 5)), rng.standard_normal(50)
    model = LassoRegressionCV(cv=FOLDS).fit(X, y)
    assert model.lambda_ == model.lambdas_[0]


@every_class
def test_several_targets_share_lambda_and_count_alike(CV) -> None:
    """scikit-learn #17965."""
    X, y = data_of("tall")
    Y = np.column_stack([y, y[::-1], 2 * y])
    model = CV(7, cv=FOLDS, **EXACT).fit(X, Y)
    singles = [CV(model.lambdas_, cv=FOLDS, **EXACT) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # picks at the edge
        curves = [one.fit(X, target).mse_path_ for one, target in zip(singles, Y.T, strict=True)]
    assert_allclose(model.mse_path_, np.mean(curves, axis=0), rtol=1e-6)
    assert model.coef_.shape == (3, 12)
    assert model.fold_coefs_.shape == (7, 5, 3, 12)
    assert_allclose(model.fold_coefs_[:, :, 1], singles[1].fold_coefs_, rtol=1e-6, atol=1e-9)


@every_class
def test_ten_lambdas_are_ten_points_for_every_class(CV) -> None:
    """In scikit-learn `alphas=10` is ten points in LassoCV and the value ten in RidgeCV."""
    X, y = data_of("diabetes")
    model = CV(lambdas=10, cv=FOLDS).fit(X, y)
    assert model.lambdas_.shape == (10,)
    # For ridge, lambda competes with squares of singular values.
    assert_allclose(
        model.lambdas_[-1] / model.lambdas_[0], 1e-6 if CV is RidgeRegressionCV else 1e-3
    )


def test_the_ridge_grid_does_not_depend_on_the_unit_of_y() -> None:
    X, y = data_of("diabetes")
    one, other = (RidgeRegressionCV(10, cv=FOLDS).fit(X, unit * y) for unit in (1.0, 1000.0))
    assert_allclose(one.lambdas_, other.lambdas_)
    assert_allclose(1000.0 * one.coef_, other.coef_, rtol=1e-9)
    assert_allclose(one.fold_coefs_[0], 0.0, atol=0.02 * np.abs(one.coef_).max())


def test_an_elastic_net_without_l1_has_a_grid_of_its_own() -> None:
    """scikit-learn #7551: ElasticNetCV refuses an automatic grid at l1_ratio=0."""
    X, y = data_of("diabetes")
    net = ElasticNetRegressionCV(10, [0.0, 0.5], cv=FOLDS).fit(X, y)
    ridge = RidgeRegressionCV(10, cv=FOLDS).fit(X, y)
    assert_allclose(net.lambdas_[0], ridge.lambdas_)
    assert_allclose(net.mse_path_[0], ridge.mse_path_, rtol=1e-9)


# --- rules ----------------------------------------------------------------------------------------


def test_information_criteria_are_their_formulas() -> None:
    X, y = data_of("tall")
    path = regularization_path(X, y, 40)
    n, df = len(y), path.degrees_of_freedom + 1
    expected = {
        "aic": n * np.log(path.training_loss) + 2 * df,
        "bic": n * np.log(path.training_loss) + np.log(n) * df,
        "gcv": path.training_loss / (1 - df / n) ** 2,
    }
    for rule, values in expected.items():
        model = LassoRegressionCV(40, cv=FOLDS, rule=rule).fit(X, y)
        assert model.lambda_ == model.lambdas_[values.argmin()]


def test_a_model_without_freedom_left_is_never_chosen_by_a_criterion() -> None:
    X, y = data_of("wide")
    for rule in ("aic", "bic"):
        model = LassoRegressionCV(cv=FOLDS, rule=rule, eps=1e-4).fit(X, y)
        assert np.count_nonzero(model.coef_) < len(y) - 1


def test_a_callable_chooses() -> None:
    X, y = data_of("tall")
    seen = {}

    def median(lambdas: Array, losses: Array) -> int:
        seen.update(lambdas=lambdas, losses=losses)
        return int(np.median(losses, axis=1).argmin())

    model = LassoRegressionCV(20, cv=FOLDS, rule=median).fit(X, y)
    assert model.lambda_ == model.lambdas_[np.median(model.mse_path_, axis=1).argmin()]
    assert_array_equal(seen["losses"], model.mse_path_)
    with pytest.raises(ValueError, match=r"rule must return the index.* 0 to 19, got 20"):
        LassoRegressionCV(20, cv=FOLDS, rule=lambda *_: 20).fit(X, y)


def test_l1_ratio_is_chosen_from_a_list() -> None:
    X, y = data_of("tall")
    model = ElasticNetRegressionCV(15, [0.1, 0.9], cv=FOLDS, **EXACT).fit(X, y)
    singles = [ElasticNetRegressionCV(15, r, cv=FOLDS, **EXACT).fit(X, y) for r in (0.1, 0.9)]
    best = min(singles, key=lambda one: one.mse_path_.mean(axis=1).min())
    assert (model.l1_ratio_, model.lambda_) == (best.l1_ratio_, best.lambda_)
    assert model.mse_path_.shape == (2, 15, 5)
    assert model.lambdas_.shape == (2, 15)
    assert_allclose(model.fold_coefs_[1], singles[1].fold_coefs_, rtol=1e-9)


# --- options, and the contract --------------------------------------------------------------------


@every_class
@pytest.mark.parametrize(
    "options",
    [
        {"fit_intercept": False},
        {"standardize": True},
        {"positive": True},
        {"penalty_weights": [0.0, np.inf, 2.0] + [1.0] * 9},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_mean_what_they_mean_in_fit(CV, options) -> None:
    X, y = data_of("tall")
    model = CV([1.0, 0.1, 0.01], cv=FOLDS, **options, **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # picks at the edge
        model.fit(X, y)
    train, test = next(FOLDS.split(X))
    single = SINGLE[CV](0.1, solver="auto", **options, **EXACT).fit(X[train], y[train])
    assert_allclose(model.fold_coefs_[1, 0], single.coef_, rtol=1e-6, atol=1e-9)
    expected = mean_squared_error(y[test], single.predict(X[test]))
    assert_allclose(model.mse_path_[1, 0], expected, rtol=1e-6)


@every_class
@every_shape
def test_jobs_change_nothing_but_rounding(CV, shape) -> None:
    X, y = data_of(shape)
    one, two = (CV(10, cv=FOLDS, n_jobs=jobs).fit(X, y) for jobs in (None, 2))
    assert_allclose(one.mse_path_, two.mse_path_, rtol=1e-11)  # folds together share products
    assert_allclose(one.coef_, two.coef_, rtol=1e-11)


def test_groups_reach_the_splitter() -> None:
    X, y = data_of("tall")
    groups = np.arange(300) % 7
    model = LassoRegressionCV(8, cv=GroupKFold(3)).fit(X, y, groups=groups)
    splits = list(GroupKFold(3).split(X, y, groups))
    assert_array_equal(model.mse_path_, LassoRegressionCV(8, cv=splits).fit(X, y).mse_path_)
    with pytest.raises(TypeError, match="takes only groups"):
        LassoRegressionCV().fit(X, y, group=groups)


def test_groups_and_weights_are_routed_through_a_pipeline() -> None:
    X, y = data_of("tall")
    groups, s = np.arange(300) % 7, np.linspace(0.5, 1.5, 300)
    scorer = get_scorer("neg_mean_absolute_error")
    with sklearn.config_context(enable_metadata_routing=True):
        model = LassoRegressionCV(
            8, cv=GroupKFold(3), scoring=scorer.set_score_request(sample_weight=True)
        ).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, groups=groups, sample_weight=s)
    inner, Z = pipeline[-1], pipeline[0].transform(X)
    splits = list(GroupKFold(3).split(X, y, groups))
    direct = LassoRegressionCV(8, cv=splits).fit(Z, y, s)
    assert_array_equal(inner.mse_path_, direct.mse_path_)
    test = splits[1][1]
    error = np.abs(y[test] - (Z[test] @ inner.fold_coefs_[4, 1] + inner.fold_intercepts_[4, 1]))
    assert_allclose(inner.score_path_[4, 1], -np.average(error, weights=s[test]))


@every_class
def test_a_failed_fit_leaves_everything_as_it_was(CV) -> None:
    X, y = data_of("tall")
    model = CV(5, cv=FOLDS).fit(X, y)
    before = dict(vars(model))
    X = X.copy()
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="test set without rows or weight"):
        model.fit(data_of("tall")[0], y, np.r_[np.ones(10), np.zeros(290)])
    assert vars(model) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "best"}, "rule must be one of 'min', '1se'"),
        ({"lambdas": -1}, "lambdas must be"),
        ({"eps": 0.0}, "eps must be"),
        ({"tol": "tight"}, "tol must be"),
        ({"standardize": 1}, "standardize must be"),
        ({"cv": 1}, "k-fold"),
    ],
)
@every_class
def test_bad_parameters_are_named(CV, options, message) -> None:
    X, y = data_of("tall")
    with pytest.raises((ValueError, TypeError), match=message):
        CV(**options).fit(X, y)


@pytest.mark.parametrize("l1_ratio", [[], 1.5, [0.5, -1.0]])
def test_bad_l1_ratios_are_named(l1_ratio) -> None:
    with pytest.raises(ValueError, match="l1_ratio must be"):
        ElasticNetRegressionCV(l1_ratio=l1_ratio).fit(*data_of("tall"))


@every_class
def test_float32_and_feature_names_are_kept(CV) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = CV(10, cv=FOLDS).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert list(model.feature_names_in_) == list(X.columns)
    named = clone(model).set_params(penalty_weights={"bmi": np.inf}).fit(X, y)
    assert named.coef_[2] == 0


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validation_copies_no_data(order, n_jobs) -> None:
    rng = np.random.default_rng(0)
    X = np.asarray(rng.standard_normal((200_000, 20)), order=order)
    y = X[:, 0] + rng.standard_normal(200_000)
    model = LassoRegressionCV(10, cv=KFold(5), n_jobs=n_jobs).fit(X[:500], y[:500])
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Indices of the splits, targets and flags of scikit-learn's validation; a fold of X is 25 MB.
    assert peak < 0.9 * X.nbytes * 0.8


# --- sweeps ---------------------------------------------------------------------------------------


def test_a_sweep_tells_over_from_underfitting() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 50))
    y = X[:, :5].sum(axis=1) + 2 * rng.standard_normal(60)
    sweep = lambda_sweep(RidgeRegression(solver="auto"), X, y, (1e-6, 1e-2, 0.3, 10, 1e3), cv=FOLDS)
    best = sweep.verdicts.index("best")
    assert sweep.best_lambda == sweep.lambdas[best] == sweep.lambdas[sweep.validation_loss.argmin()]
    assert sweep.verdicts[0] == "overfits"
    assert sweep.verdicts[-1] == "underfits"
    assert (np.diff(sweep.train_loss) > 0).all()
    assert sweep.train_losses.shape == sweep.validation_losses.shape == (5, 5)
    assert "overfits" in sweep.rule
    assert "underfits" in sweep.rule


def test_a_sweep_takes_a_pipeline_and_the_losses_are_mean_squared_errors() -> None:
    X, y = data_of("diabetes")
    pipeline = make_pipeline(StandardScaler(), LassoRegression(solver="auto"))
    sweep = lambda_sweep(pipeline, X, y, cv=FOLDS)
    assert_array_equal(sweep.lambdas, [1e-4, 1e-3, 1e-2, 1e-1, 1])
    train, test = next(FOLDS.split(X))
    model = clone(pipeline).set_params(lassoregression__lambda_=0.1).fit(X[train], y[train])
    assert_allclose(
        sweep.validation_losses[3, 0], mean_squared_error(y[test], model.predict(X[test]))
    )
    assert_allclose(sweep.train_losses[3, 0], mean_squared_error(y[train], model.predict(X[train])))


def test_a_sweep_warns_once_of_all_fits_that_did_not_converge() -> None:
    X, y = data_of("tall")
    with pytest.warns(ConvergenceWarning, match="10 of 10 fits warned") as caught:
        lambda_sweep(LassoRegression(n_iterations=2), X, y, (0.1, 0.2), cv=FOLDS)
    assert len(caught) == 1


@pytest.mark.parametrize("lambdas", [[], [-1.0], [np.nan], "all"])
def test_a_sweep_needs_penalties(lambdas) -> None:
    with pytest.raises((ValueError, TypeError), match="lambdas must be"):
        lambda_sweep(LassoRegression(), *data_of("tall"), lambdas)


def test_a_sweep_needs_a_lambda() -> None:
    with pytest.raises(ValueError, match="one parameter lambda_"):
        lambda_sweep(StandardScaler(), *data_of("tall"))
