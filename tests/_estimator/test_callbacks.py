"""Long fits can be watched, from scikit-learn 1.9 on."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sklearn_gml import GaussianMLRegressor


class Recorder:
    """Writes down which task begins and ends."""

    def __init__(self):
        self.begun, self.ended, self.running = [], [], 0

    def setup(self, estimator, context):
        self.running += 1

    def teardown(self, estimator, context):
        self.running -= 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)


@pytest.fixture
def callback():
    pytest.importorskip("sklearn.callback")
    return Recorder()


def rows(n_samples=10_000):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, 3))
    return X, X @ [1.0, 2.0, 3.0] + rng.standard_normal(n_samples)


def test_every_block_is_reported(callback):
    X, y = rows()
    watched = GaussianMLRegressor().set_callbacks(callback).fit(X, y)
    # Three blocks of 4096 rows at most, in one pass.
    assert callback.begun == [
        ("fit", None),
        ("pass over the rows", 3),
        *[("block", 0)] * 3,
    ]
    assert callback.ended == ["block"] * 3 + ["pass over the rows", "fit"]
    assert callback.running == 0
    np.testing.assert_array_equal(watched.coef_, GaussianMLRegressor().fit(X, y).coef_)


def test_failed_fit_lets_go_of_its_callbacks(callback):
    X, y = rows(100)
    model = GaussianMLRegressor().set_callbacks(callback).fit(X, y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:-1])
    assert callback.running == 0
    assert vars(model).keys() == before.keys()


def test_progress_bar_of_a_search(capsys):
    callbacks = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    search = GridSearchCV(GaussianMLRegressor(), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(callbacks.ProgressBar(max_propagation_depth=2))
    search.fit(*rows(200))
    assert "GaussianMLRegressor" in capsys.readouterr().out


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_a_log_linear_fit_can_be_scored_at_every_step(solver, n_targets):
    """Its likelihood rises from step to step, to that of the fit."""
    callbacks = pytest.importorskip("sklearn.callback")
    monitor = callbacks.ScoringMonitor(
        scoring={"loglik": lambda model, X, y: model.score_loglik(X, y)}
    )
    X, y = rows(500)
    y *= np.exp(0.5 * X[:, 0])
    if n_targets is not None:
        y = np.column_stack([y, y[::-1]])
    model = GaussianMLRegressor(noise="log-linear", solver=solver)
    model.set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs()
    scores = [row["loglik"] for row in log.data if row["task_name"] != "fit"]
    assert len(scores) >= 2
    assert np.diff(scores).min() >= -1e-9 * abs(model.loglik_)
    assert scores[-1] == pytest.approx(model.loglik_, rel=1e-9)
