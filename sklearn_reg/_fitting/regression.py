"""Least squares with a penalty: fit rows, batches or moments with the chosen solver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.labels import keep_fitting_labels
from sklearn_reg._checks.parameters import check_count, check_lambda
from sklearn_reg._checks.values import check_l1_ratio, check_number, check_share
from sklearn_reg._checks.words import in_our_words
from sklearn_reg._data.cells import CellMoments, one_cell
from sklearn_reg._data.data import Batch, Data, OfMoments
from sklearn_reg._data.reading import check_y, count, read, read_all
from sklearn_reg._data.units import Penalties, View
from sklearn_reg._fitting.advice import Advice, advice_on_convergence, advice_on_refits
from sklearn_reg._fitting.linear_model import PenalizedModel, all_or_nothing
from sklearn_reg._solvers import AUTO_ITERATIONS, EXACT, SOLVERS, Settings, choose
from sklearn_reg._solvers.accuracy import solve, solve_accurately
from sklearn_reg._tools.progress import start, with_callbacks
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.moments import Moments

BEGAN_ANEW = (
    "partial_fit began anew, because fit keeps no moments_ of its rows. To go on from rows, give "
    "them to partial_fit or fit_batches first."
)


class PenalizedRegression(PenalizedModel):
    """Least squares with an elastic-net penalty; a subclass sets its `l1_ratio`."""

    l1_ratio: float  # share of L1 in the penalty
    relax: float = 1.0  # share of the solution in the coefficients; see `_solvers.relaxed`

    @in_our_words
    def __init__(
        self,
        lambda_: float | ArrayLike = 1.0,
        learning_rate: float | str = 0.01,
        n_iterations: int = 1000,
        *,
        solver: str = "gradient_descent",
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        positive: bool = False,
        bounds: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.lambda_ = lambda_
        self.learning_rate = learning_rate
        self.n_iterations = n_iterations
        self.solver = solver
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.positive = positive
        self.bounds = bounds
        self.warm_start = warm_start

    def fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the coefficients and the intercept.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Training data. float64 and float32 arrays are never copied or changed. The chunks of a
            Dask array or data frame stay on the workers; a tall one sets `moments_`.
        y : {array-like, dask collection} of shape (n_samples,) or (n_samples, n_targets)
            Targets. Columns are solved independently of each other.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their ratios matter. None means equal weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid. The estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            If the learning rate cannot converge, or if the fit ends with a duality gap above
            `tol * F(0, mean y)`. It gives the figures, the cause and the remedy.
        """
        with all_or_nothing(self) as advice:
            advice += self._fit(X, y, sample_weight)
        return self

    def partial_fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Add rows, and fit all rows so far: the same problem as `fit` on all of them at once.

        Least squares depends on the rows only through their moments, which add up. `moments_`
        stores them in (n_features + n_targets)^2 numbers, whatever the number of rows. The solver
        starts at the last fit, so that its result may differ within `tol`. To read a whole stream
        and fit once, use `fit_batches`.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Further rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets, with the same number of axes and columns every time.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, on one scale for all calls. None means 1 for every row.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid, or the rows do not fit those before. The
            estimator is then as it was before.

        Warns
        -----
        UserWarning
            If the estimator was fitted by `fit`, which does not store moments: it then begins anew.
        ConvergenceWarning
            As `fit`; and if the columns are so dependent that moments cannot certify `tol`.

        References
        ----------
        T. F. Chan, G. H. Golub, R. J. LeVeque (1983). Algorithms for computing the sample
        variance. The American Statistician 37(3). https://doi.org/10.1080/00031305.1983.10483115
        """
        anew = hasattr(self, "coef_") and not hasattr(self, "moments_")
        with all_or_nothing(self) as advice:
            advice += self._partial_fit(X, y, sample_weight)
            if anew:
                advice.append(Advice(UserWarning, BEGAN_ANEW))
        return self

    def fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> Self:
        """Fit rows that come in batches, in one pass: the same problem as `fit` on all of them.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            Each as for `partial_fit`; read once, one at a time, and not kept. Batches without rows
            are skipped.

        Returns
        -------
        self : object
            The fitted estimator; further rows can follow by `partial_fit`.

        Raises
        ------
        ValueError, TypeError
            If a parameter or a batch is not valid (the message gives its number), or if there are
            no rows. The estimator is then as it was before, also if reading fails.

        Warns
        -----
        ConvergenceWarning
            As `partial_fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_reg import RidgeRegression
        >>> X, y = np.arange(8.0).reshape(4, 2) ** 2, np.array([1.0, 0.0, 2.0, 3.0])
        >>> model = RidgeRegression(lambda_=0.1, solver="auto")
        >>> batches = ((X[k : k + 2], y[k : k + 2]) for k in (0, 2))
        >>> streamed = model.fit_batches(batches).coef_.copy()
        >>> bool(np.allclose(streamed, model.fit(X, y).coef_, rtol=1e-10))
        True
        """
        with all_or_nothing(self) as advice:
            advice += self._fit_batches(batches)
        return self

    def fit_moments(self, moments: Moments) -> Self:
        """Fit from moments, such as those merged from several processes, or with rows removed.

        Parameters
        ----------
        moments : Moments
            Of all rows, such as `sum(part.moments_ for part in parts)`, or
            `model.moments_ - Moments.from_data(X_old, y_old)`.

        Returns
        -------
        self : object
            The fitted estimator; further rows can follow by `partial_fit`.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the moments are not valid. The estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            As `partial_fit`.
        """
        if not isinstance(moments, Moments):
            raise TypeError(f"moments must be Moments, got {type(moments).__name__}")
        if not moments.weight > 0:
            raise ValueError("moments must be those of at least one row, got weight 0")
        with all_or_nothing(self) as advice:
            advice += self._fit_moments(moments)
        return self

    @with_callbacks
    def _fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None) -> list[Advice]:
        """Fit rows, and return advice."""
        settings = self._settings()
        data = read(self, X, y, sample_weight)
        with start(self):
            return self._fit_data(data, settings, warm=self.warm_start)

    @with_callbacks
    def _partial_fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> list[Advice]:
        """Add rows to those so far, fit all, and return advice."""
        settings, so_far = self._settings(), self._read_so_far()
        data = read(self, X, y, sample_weight, first=so_far is None, normalized=False)
        if so_far is not None:
            check_y(data, so_far.y_ndim, so_far.n_targets)
        with start(self):
            return self._fit_data(_with(data, so_far), settings, warm=True)

    @with_callbacks
    def _fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> list[Advice]:
        """Read all batches, fit, and return advice."""
        settings, so_far = self._settings(), None

        def add(batch: Batch) -> None:
            nonlocal so_far
            if so_far is None:  # refuse a wrong penalty before all batches are read
                self._penalty(batch)
            so_far = _with(batch, so_far)

        with start(self, count(batches)) as task:
            read_all(self, batches, task, add)
            assert so_far is not None
            return self._fit_data(so_far, settings, warm=True)

    def _fit_moments(self, moments: Moments) -> list[Advice]:
        """Fit given moments, and return advice."""
        settings = self._settings()
        given = OfMoments(deepcopy(moments), np.dtype(np.float64), 2)
        given.y_ndim = 1 if given.n_targets == 1 else 2
        keep_fitting_labels(self, given.n_features, given.n_targets)
        self.n_features_in_ = given.n_features
        return self._fit_data(given, settings, warm=True)

    def _read_so_far(self) -> OfMoments | None:
        """Return a copy of the moments of the rows so far; None at first, or after `fit`."""
        if not hasattr(self, "moments_"):
            return None
        return OfMoments(deepcopy(self.moments_), self.coef_.dtype, self.coef_.ndim)

    def _fit_data(self, data: Data, settings: Settings, *, warm: bool) -> list[Advice]:
        """Solve one problem per target, accurately enough; store the fit, and return advice."""
        penalty = self._penalty(data)
        solver = SOLVERS[choose(self.solver, penalty)]
        start = self._last_fit if warm else None
        solve_on = partial(
            solve,
            penalty=penalty,
            solver=solver,
            settings=settings,
            start=start,
            relax=check_share(self.relax, "relax"),
        )
        with data.overflow_explained():
            views = data.views(penalty, self._preprocessing, solver.gram_use)
            fitted = self._store(solve_accurately(views, solve_on)[1], data.dtype, data.y_ndim)
        self.__dict__.pop("moments_", None)  # those of other rows
        if fitted.view.moments is not None:
            self.moments_ = fitted.view.moments
        return [*advice_on_convergence(self, fitted, settings), *advice_on_refits(self, fitted)]

    def _settings(self) -> Settings:
        """Check the parameters that do not depend on the data."""
        self._check_flags("warm_start")
        check_share(self.relax, "relax")
        rate: Any = self.learning_rate
        if not (isinstance(rate, str) and rate == "auto"):
            rate = check_number(rate, "learning_rate", "a number > 0 or 'auto'")
        settings = Settings(
            learning_rate=None if rate == "auto" else rate,
            n_iterations=check_count(self.n_iterations, "n_iterations"),
            tol=self._check_tol(),
        )
        if self.solver in ("auto", *EXACT):  # they take no learning rate: do not warn about it
            settings = settings._replace(learning_rate=None)
        if self.solver == "auto":
            settings = settings._replace(n_iterations=AUTO_ITERATIONS)
        return settings

    def _penalty(self, data: Data) -> Penalties:
        """Check the penalty, and return that of each target and feature."""
        lambdas = check_lambda(self.lambda_, data.n_targets, self._labels.targets)
        ratio = check_l1_ratio(self.l1_ratio)
        one = self._unit_penalty(ratio, data.n_features, data.n_targets)
        if one.joint and np.ndim(self.lambda_) > 0:
            raise ValueError(
                "lambda_ must be one number with groups='targets', because all targets are one "
                f"problem, got an array of shape {np.shape(self.lambda_)}"
            )
        return Penalties(lambdas, one)

    def _last_fit(self, view: View) -> FloatArray:
        """Return the start of each target: the last fit if it has this shape, otherwise zero."""
        shape = (view.units.size, view.columns.factors.size)
        coef = np.atleast_2d(getattr(self, "coef_", np.zeros(0)))
        return view.solutions(coef if coef.shape == shape else np.zeros(shape))


def _with(batch: Batch, so_far: OfMoments | None) -> OfMoments:
    """Add the rows of a batch to those so far, in place."""
    gathered, dtype = CellMoments(1, batch.n_features, batch.n_targets), batch.dtype
    if so_far is not None:
        gathered.found[0], dtype = so_far.moments, np.result_type(so_far.dtype, dtype)
    return OfMoments(batch.added_to(gathered, one_cell).parts[0], dtype, batch.y_ndim)
