"""What inference is about: a fitted model, and the rows that it was fitted to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.labels import ColumnLabels
from sklearn_reg._checks.parameters import check_penalty_weights
from sklearn_reg._checks.values import on_dask
from sklearn_reg._data.data import InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.reading import read
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import Penalties, View, view_rows
from sklearn_reg._fitting.groups import GroupPenalised
from sklearn_reg._fitting.linear_model import PenalizedModel
from sklearn_reg._fitting.report import names_of_model
from sklearn_reg._fitting.unwrapping import Step, apply_steps, is_search, layers, unwrap
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._solvers.paths import follow
from sklearn_reg._solvers.problem import Problem, problem_of
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import dependences, inverse_roots
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix

# A fit may be this many times as far from the optimum as its `tol` says: rounding of X and y that
# are given in another type.
SLACK = 1.1


class Subject:
    """A fitted model and the rows of its fit.

    Methods see n rows of positive weight, in units in which the noise has one variance and the
    objective is

        1/(2n) |y - A w|^2 + sum_j ( l1_j |w_j| + l2_j / 2 w_j^2 ),

    with A = (n S)^(1/2) Z and y likewise (see `designs`; the weights S have sum 1, so that a row of
    mean weight stays as it is), and with the columns that can have a coefficient: neither excluded
    nor constant, and not zero if there is no intercept.

    Attributes
    ----------
    model : PenalizedModel
        The model, without its pipeline.
    data : InMemory
        X after the steps of the pipeline, y and the weights.
    names : list
        Labels of all columns of X.
    columns : ndarray of int
        The columns of X that are those of A.
    searched, chosen : bool
        Whether lambda_ was chosen by a search, and whether by it or by cross-validation.
    rows : ndarray of int
        The rows with a positive weight.
    n : int
        Their number.
    n_means : int
        1 if there is an intercept, else 0: the degrees of freedom that centring takes.
    """

    def __init__(self, estimator: Any, X: Matrix, y: ArrayLike, sample_weight: Any) -> None:
        self.model, steps = _unwrapped(estimator)
        if isinstance(self.model, GroupPenalised):
            raise TypeError(
                f"coefficient_inference is not offered for groups, whose coefficients are selected "
                f"together, got {type(self.model).__name__}; take an ElasticNetRegression or, with "
                "method='split' or 'ols', the features of the groups that one half selects"
            )
        _refuse_collections(X, y, sample_weight)
        names: ColumnLabels | None = None
        if steps:
            X, given = apply_steps(steps, X)
            names = list(given)
        data = read(self.model, X, y, sample_weight, first=False)
        assert isinstance(data, InMemory)
        if data.n_targets != 1 or np.atleast_2d(self.model.coef_).shape[0] != 1:
            raise ValueError(
                f"y must be one target of shape (n_samples,), got {data.n_targets} in a model of "
                f"{np.atleast_2d(self.model.coef_).shape[0]}; fit and ask for one target at a time"
            )
        self.data, self.names = data, names or names_of_model(self.model)
        self.searched = any(map(is_search, layers(estimator)))
        self.chosen = self.searched or isinstance(self.model, PenalizedRegressionCV)
        self.n_means = int(self.model.fit_intercept)
        weights = data.weights
        self.rows: IndexArray = (
            np.arange(len(data.Y)) if weights is None else np.flatnonzero(weights)
        )
        self.n = self.rows.size

    @property
    def class_name(self) -> str:
        """The class of the model, for messages."""
        return type(self.model).__name__

    @property
    def l1_ratio(self) -> float:
        """The share of L1 in the penalty; the chosen one if there were several."""
        model: Any = self.model
        return float(getattr(model, "l1_ratio_", model.l1_ratio))

    @property
    def relax(self) -> float:
        """The share of the penalised fit in the coefficients."""
        model: Any = self.model
        return float(getattr(model, "relax_", model.relax))

    @property
    def lambda_(self) -> float:
        """The penalty of the fit."""
        return float(np.ravel(self.model.lambda_)[0])

    @cached_property
    def unit_penalty(self) -> UnitPenalty:
        """The penalty with lambda_ = 1, with the adaptive weights of the fit."""
        penalty = self.model._unit_penalty(self.l1_ratio, self.data.n_features)
        assert isinstance(penalty, UnitPenalty)
        if penalty.adaptive:
            found, p = self.model.penalty_weights_, self.data.n_features
            weights, excluded = check_penalty_weights(found, p, None)
            penalty = replace(penalty, weights=weights, excluded=excluded, adaptive=False)
        return penalty

    @cached_property
    def penalty(self) -> Penalties:
        """The penalty of the fit."""
        return Penalties(np.array([self.lambda_]), self.unit_penalty)

    @cached_property
    def view(self) -> View:
        """The rows as solvers see them."""
        data = self.data
        parts = data.rows, data.Y, data.weights, self.penalty, self.model._preprocessing
        return view_rows(*parts)

    @cached_property
    def problem(self) -> Problem:
        """The problem that the model solved."""
        return problem_of(self.view, 0, self.penalty)

    @cached_property
    def columns(self) -> IndexArray:
        """The columns of X that can have a coefficient."""
        return _columns_that_vary(self.view)

    @cached_property
    def A(self) -> FloatArray:
        """The rows, dense, of shape (n, n_columns)."""
        return self.copied(self.columns)

    def copied(self, columns: IndexArray) -> FloatArray:
        """Copy these columns of X as columns of A."""
        return _columns_of(self.view, columns, self.rows)

    @cached_property
    def y(self) -> FloatArray:
        """The target of these rows, of shape (n,)."""
        return _target_of(self.view, self.rows)

    @property
    def mean_leverage(self) -> FloatArray | float:
        """The leverage that the mean gives to each of these rows."""
        weights, n = self.data.weights, self.n
        if not self.n_means:
            return 0.0
        return np.full(n, 1.0 / n) if weights is None else weights[weights > 0] / weights.sum()

    @property
    def degrees_of_freedom(self) -> float:
        """The degrees of freedom of the fit, without those of the mean."""
        points = follow(
            self.view,
            self.unit_penalty,
            np.array([self.lambda_]),
            self.model.tol,
            with_degrees_of_freedom=True,
            with_refits=self.relax != 1.0,
        )
        return float(points.relaxed(self.relax).degrees_of_freedom[0, 0])

    def clone_of_model(self) -> PenalizedModel:
        """Return an estimator as the model is, not fitted, with arrays in the place of labels."""
        model: PenalizedModel = clone(self.model)
        penalty = self.unit_penalty
        if model.penalty_weights is not None and not isinstance(model.penalty_weights, str):
            model.set_params(penalty_weights=penalty.given_weights)
        if model.bounds is not None and penalty.bounds is not None:
            model.set_params(bounds=(penalty.bounds.lower, penalty.bounds.upper))
        return model

    @cached_property
    def w(self) -> FloatArray:
        """The coefficients of the fit, in the units of A."""
        return self._solution[self.columns]

    @cached_property
    def _solution(self) -> FloatArray:
        """The coefficients of the fit of all columns of X, in the units of the solvers."""
        coef = np.atleast_2d(np.asarray(self.model.coef_, dtype=np.float64))
        return np.asarray(self.view.solutions(coef)[0])

    @cached_property
    def residual(self) -> FloatArray:
        """The residual y - A w of the fit."""
        return np.asarray(self.y - self.A @ self.w)

    @property
    def l1(self) -> FloatArray:
        """Coefficients of |w_j|."""
        return self.problem.l1[self.columns]

    @property
    def l2(self) -> FloatArray:
        """Coefficients of w_j^2 / 2."""
        return self.problem.l2[self.columns]

    @property
    def unit(self) -> float:
        """The unit of y: that of the user over that of the methods."""
        return float(self.view.units[0])

    @property
    def factors(self) -> FloatArray:
        """The units of coefficients, for the columns of A."""
        return np.asarray(self.unit * self.view.columns.factors[self.columns])

    def names_of(self, columns: IndexArray) -> str:
        """Name a few columns of X in a message."""
        listed = [repr(self.names[j]) for j in columns[:5].tolist()]
        more = [] if columns.size <= 5 else [f"and {columns.size - 5} more"]
        return ", ".join(listed + more)

    def check_certified(self) -> None:
        """Refuse a fit that is not the optimum on these rows, to its `tol`."""
        model, null = self.model, self.problem.null
        remedy = "fit with solver='auto'"
        if self.chosen:
            remedy = "fit with a larger tol, or without dependent columns"
        if not model.converged_:
            raise ValueError(
                f"estimator must be certified: the duality gap of this {self.class_name} is "
                f"{float(np.max(model.dual_gap_)):.3g}, above tol={model.tol:g} times F(0, mean "
                f"y) = {null * self.unit**2:.3g}; {remedy}"
            )
        gap = self.problem.evaluate(self._solution).gap
        if self.relax == 1.0 and gap > SLACK * max(model.tol, self._precision) * null:
            raise ValueError(
                "X, y and sample_weight must be those of fit: on them, coef_ of this "
                f"{self.class_name} is {gap / null:.3g} F(0, mean y) above the optimum, and "
                f"tol={model.tol:g}"
            )

    @property
    def _precision(self) -> float:
        """The rounding of coefficients or X, relative to F(0), that is no fault of the fit."""
        types = self.model.coef_.dtype, self.data.dtype
        return 1e-9 if all(one == np.float64 for one in types) else 1e-5

    def check_rows(self, method: str) -> None:
        """Refuse a single row, of which no part can be left out or drawn again."""
        if self.n < 2:
            raise ValueError(
                f"X must have at least 2 rows with a positive weight for method={method!r}, got "
                f"{self.n}"
            )

    def check_kind(self, method: str, suits: bool, needs: str, others: str) -> None:
        """Refuse a kind of model that a method is not made for."""
        if not suits or self.lambda_ == 0:
            raise ValueError(
                f"method={method!r} needs {needs} with lambda_ > 0, got {self.class_name} with "
                f"l1_ratio={self.l1_ratio:g} and lambda_={self.lambda_:g}; {others}"
            )

    def refuse(self, method: str, **found: bool) -> None:
        """Refuse a model with properties that a method does not take, by name."""
        told = {
            "bounds": "bounds=None and positive=False, because within bounds the estimate has "
            "another law",
            "relax": "relax=1, because the theory is that of the penalised fit",
            "adaptive": "penalty_weights that do not depend on y, and 'adaptive' ones do",
        }
        given = {
            "bounds": self.unit_penalty.bounds is not None,
            "relax": self.relax != 1.0,
            "adaptive": isinstance(self.model.penalty_weights, str),
        }
        for name, refused in found.items():
            if refused and given[name]:
                raise ValueError(
                    f"method={method!r} needs {told[name]}; got {self.model!r}. "
                    "method='bootstrap' and method='split' take it"
                )


class WhitenedRows(NamedTuple):
    """Some rows and columns in the form that `Subject` has, without a penalty."""

    A: FloatArray
    y: FloatArray
    columns: IndexArray  # those of X that vary
    unit: float  # of y
    units: FloatArray  # of coefficients

    @classmethod
    def of(cls, data: InMemory, columns: IndexArray, centred: bool) -> WhitenedRows:
        """Take some columns of rows with positive weights."""
        p, rows = data.n_features, np.arange(len(data.Y))
        excluded = np.ones(p, dtype=bool)
        excluded[columns] = False
        penalty = UnitPenalty(0.0, np.ones(p), excluded)
        preprocessing = Preprocessing(centred, standardize=False)
        view = view_rows(data.rows, data.Y, data.weights, penalty, preprocessing)
        factors, unit = view.columns.factors, float(view.units[0])
        kept = _columns_that_vary(view)
        A, y = _columns_of(view, kept, rows), _target_of(view, rows)
        return cls(A, y, kept, unit, unit * factors[kept])


def _columns_that_vary(view: View) -> IndexArray:
    """Return the columns that are not excluded and not zero, after centring if there is any."""
    return np.flatnonzero((view.columns.factors > 0) & (view.design.squares > 0))


def _columns_of(view: View, columns: IndexArray, rows: IndexArray) -> FloatArray:
    """Copy rows and columns of (n S)^(1/2) Z."""
    space = view.design.row_space
    assert space is not None
    A = space.columns(columns)
    A = A if rows.size == len(A) else A[rows]
    A *= np.sqrt(rows.size)
    return A


def _target_of(view: View, rows: IndexArray) -> FloatArray:
    """Return rows of (n S)^(1/2) y."""
    space = view.design.row_space
    assert space is not None
    return np.asarray(np.sqrt(rows.size) * space.target(0)[rows])


def check_independent(A: FloatArray, names: list[Any], method: str) -> None:
    """Refuse columns that depend on each other, by name."""
    scale = inverse_roots(np.einsum("ij,ij->j", A, A))
    unit = A * scale
    groups = dependences(unit.T @ unit) if A.shape[1] else []
    if groups:
        first, *others = (repr(names[j]) for j in groups[0][:4].tolist())
        raise ValueError(
            f"method={method!r} needs independent columns, and {first} is a combination of "
            f"{', '.join(others) or 'nothing: it is constant'}; leave one of them out"
        )


def _unwrapped(estimator: Any) -> tuple[PenalizedModel, list[Step]]:
    """Return the fitted model and the steps before it; refuse steps that have seen y."""
    model, steps = unwrap(estimator)
    if not isinstance(model, PenalizedModel):
        raise TypeError(
            "estimator must be one of sklearn_reg, or a pipeline that ends in one, got "
            f"{type(model).__name__}"
        )
    check_is_fitted(model)
    for name, step in steps:
        using = [part for part in (step, *_parts_of(step)) if _uses_y(part)]
        if using:
            raise ValueError(
                f"estimator must be a pipeline whose steps do not use y, got step {name!r} with "
                f"{using[0]!r}: what y has chosen cannot be tested with the same y"
            )
    return model, steps


def _parts_of(step: Any) -> list[Any]:
    """Return the transformers within a step, such as those of a ColumnTransformer."""
    found = step.get_params() if hasattr(step, "get_params") else {}
    return [part for part in found.values() if hasattr(part, "transform")]


def _uses_y(step: Any) -> bool:
    """Say whether a transformer uses y."""
    if isinstance(step, type):
        return False
    selects = isinstance(step, SelectorMixin) and not isinstance(step, VarianceThreshold)
    return selects or bool(get_tags(step).target_tags.required)


def _refuse_collections(*values: Any) -> None:
    if any(map(on_dask, values)):
        raise TypeError(
            "X, y and sample_weight must be in memory for inference, got a Dask collection: call "
            "compute() on them"
        )
