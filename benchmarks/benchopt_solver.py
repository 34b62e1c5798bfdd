"""sklearn_reg as a solver of benchopt's benchmark of lasso solvers.

    git clone https://github.com/benchopt/benchmark_lasso
    cp benchmarks/benchopt_solver.py benchmark_lasso/solvers/sklearn_reg.py
    benchopt run benchmark_lasso -s sklearn_reg -s celer -d simulated

`python benchmarks/benchopt_solver.py` checks it here, where benchopt is installed: it tightens the
tolerance as benchopt does, and the judge says what comes of it.
"""

import warnings

import numpy as np
from benchopt import BaseSolver
from sklearn.exceptions import ConvergenceWarning
from sklearn_reg import LassoRegression


class Solver(BaseSolver):
    """Minimise 0.5 |y - X b - b0|^2 + lmbd |b|_1; ours is divided by n, so lambda_ = lmbd / n."""

    name = "sklearn_reg"
    sampling_strategy = "tolerance"
    install_cmd = "conda"
    requirements = ["pip::sklearn_reg"]  # noqa: RUF012 - benchopt reads a literal list
    references = ["sklearn_reg: ridge, lasso and elastic net with certified solvers"]  # noqa: RUF012

    def set_objective(self, X, y, lmbd, fit_intercept):
        """Keep the problem."""
        self.X, self.y = X, y
        self.model = LassoRegression(lmbd / len(y), solver="auto", fit_intercept=fit_intercept)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def warm_up(self):
        """Fit once, so that no import and no search for libraries is timed."""
        self.run_once(1e-3)

    def run(self, tolerance):
        """Fit to a relative duality gap; benchopt begins at infinity, and 1 is the gap of zero."""
        self.model.set_params(tol=min(tolerance, 1.0)).fit(self.X, self.y)

    def get_result(self):
        """Coefficients, then the intercept where there is one."""
        intercept = [self.model.intercept_] if self.model.fit_intercept else []
        return {"beta": np.r_[self.model.coef_, intercept]}


def check():
    """Run the solver on a problem of ours."""
    import machine
    import problems
    from judge import lambda_max, relative_gap

    print(machine.describe())
    X, y = problems.load("wide_small")
    lambda_ = 0.1 * lambda_max(X, y)
    solver = Solver()
    solver.set_objective(X, y, lambda_ * len(y), fit_intercept=True)
    solver.warm_up()
    for tolerance in (3e38, 1e-2, 1e-4, 1e-6, 1e-10):
        solver.run(tolerance)
        *coef, _ = solver.get_result()["beta"]
        gap = relative_gap(X, y, coef, lambda_)
        print(f"tolerance {tolerance:.0e}: relative gap {gap:.0e}")
        if gap > tolerance:
            raise SystemExit("the gap is above the tolerance")


if __name__ == "__main__":
    check()
