"""Progress: fits, folds and lambdas are tasks of scikit-learn's callbacks, where it has them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_reg import ElasticNetRegressionCV, LassoRegression, LassoRegressionCV, RidgeRegression

callback = pytest.importorskip("sklearn.callback")


class Recorder:
    """Counts what begins and ends, by the name of the task."""

    def __init__(self, raises_at: str | None = None) -> None:
        self.began: dict[str, int] = {}
        self.ended: dict[str, int] = {}
        self.set_up = self.torn_down = 0
        self.raises_at = raises_at

    def setup(self, estimator, context) -> None:
        self.set_up += 1

    def on_fit_task_begin(self, estimator, context, **kwargs) -> None:
        self.began[context.task_name] = self.began.get(context.task_name, 0) + 1
        if context.task_name == self.raises_at:
            raise KeyboardInterrupt

    def on_fit_task_end(self, estimator, context, **kwargs) -> bool:
        self.ended[context.task_name] = self.ended.get(context.task_name, 0) + 1
        return False

    def teardown(self, estimator, context) -> None:
        self.torn_down += 1


def test_a_fit_is_one_task(diabetes) -> None:
    recorder = Recorder()
    model = RidgeRegression(solver="auto").set_callbacks(recorder).fit(*diabetes)
    assert recorder.began == recorder.ended == {"fit": 1}
    assert (recorder.set_up, recorder.torn_down) == (1, 1)
    assert_array_equal(model.coef_, RidgeRegression(solver="auto").fit(*diabetes).coef_)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_folds_and_lambdas_are_tasks_of_a_cross_validation(diabetes, n_jobs) -> None:
    recorder = Recorder()
    model = ElasticNetRegressionCV(6, [0.5, 1.0], cv=KFold(3), rule="1se", n_jobs=n_jobs)
    model.set_callbacks(recorder).fit(*diabetes)
    expected = {"fit": 1, "fold": 6, "lambda": 36, "choose and refit": 1}
    assert recorder.began == recorder.ended == expected


@pytest.mark.parametrize("kind", [list, iter])
def test_batches_are_tasks_of_a_fit(diabetes, kind) -> None:
    X, y = diabetes
    batches = [(X[k : k + 100], y[k : k + 100]) for k in range(0, 400, 100)]
    recorder = Recorder()
    LassoRegression(solver="auto").set_callbacks(recorder).fit_batches(kind(batches))
    assert recorder.began == recorder.ended == {"fit": 1, "batch": 4}
    recorder = Recorder()
    model = ElasticNetRegressionCV(6, [0.5, 1.0], cv=3, eps=1e-4).set_callbacks(recorder)
    model.fit_batches(kind(batches))
    expected = {"fit": 1, "read": 1, "batch": 4, "fold": 6, "lambda": 36, "choose and refit": 1}
    assert recorder.began == recorder.ended == expected


def test_an_interrupted_cross_validation_leaves_everything_as_it_was(diabetes) -> None:
    recorder = Recorder(raises_at="choose and refit")
    model = LassoRegressionCV(6, cv=KFold(3), eps=1e-4).set_callbacks(recorder)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(*diabetes)
    assert vars(model) == before
    assert recorder.torn_down == 1


def test_a_grid_search_shows_a_progress_bar_in_a_terminal(diabetes) -> None:
    rich_console = pytest.importorskip("rich.console")
    shown = io.StringIO()
    search = GridSearchCV(
        LassoRegression(solver="auto"), {"lambda_": np.geomspace(1, 0.01, 4)}, cv=3
    ).set_callbacks(callback.ProgressBar())
    console = rich_console.Console(file=shown, force_terminal=True, width=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rich.get_console", lambda: console)
        patch.setattr("rich.progress.get_console", lambda: console)
        search.fit(*diabetes)
    text = shown.getvalue()
    assert "GridSearchCV" in text
    assert "LassoRegression" in text
    assert "100%" in text
