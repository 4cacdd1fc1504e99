"""Errors are part of the interface: they name what is wrong and what to do."""

import re

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_gml import DegenerateFitWarning, GaussianMLRegressor, GaussianStatistics

X = np.random.default_rng(0).standard_normal((20, 2))
Y = X @ [1.0, 2.0] + np.random.default_rng(1).standard_normal(20)


def with_value(array, value):
    changed = np.array(array, dtype=float)
    changed[3] = value
    return changed


# scikit-learn has had a message of its own since 1.8.
ZERO_WEIGHTS = "zero for every row|at least one non-zero"

BAD_DATA = {
    "nan in X": ((with_value(X, np.nan), Y), "X contains NaN"),
    "inf in X": ((with_value(X, np.inf), Y), "X contains infinity"),
    "inf of both signs": ((with_value(X, [np.inf, -np.inf]), Y), "X contains infinity"),
    "nan in sparse X": ((sparse.csr_array(with_value(X, np.nan)), Y), "X contains NaN"),
    "nan in a wide X": ((with_value(np.ones((5, 9)), np.nan), Y[:5]), "X contains NaN"),
    "nan in y": ((X, with_value(Y, np.nan)), "y contains NaN"),
    "nan in weights": ((X, Y, with_value(np.ones(20), np.nan)), "weight contains NaN"),
    "lengths": ((X, Y[:-1]), "inconsistent numbers of samples"),
    "weight length": ((X, Y, np.ones(3)), "sample_weight.shape"),
    "strings": ((np.full((20, 2), "a"), Y), "could not convert|dtype='numeric'"),
    "complex": ((X + 1j, Y), "Complex data not supported"),
    "empty": ((X[:0], Y[:0]), "0 sample"),
    "1-D X": ((X[:, 0], Y), "Expected 2D array"),
    "no features": ((X[:, :0], Y), "0 feature"),
    "negative weights": ((X, Y, with_value(np.ones(20), -1.0)), "[Nn]egative values"),
    "zero weights": ((X, Y, np.zeros(20)), ZERO_WEIGHTS),
    "nan in noise_scale": (
        (X, Y, None, with_value(np.ones(20), np.nan)),
        "noise_scale contains NaN",
    ),
    "noise_scale length": ((X, Y, None, np.ones(3)), r"noise_scale has shape \(3,\)"),
    "noise_scale of zero": (
        (X, Y, None, with_value(np.ones(20), 0.0)),
        "noise_scale must be positive.* sample_weight=0",
    ),
    "noise_scale of one number": ((X, Y, None, 2.0), "noise_scale has shape"),
    "noise_scale out of range": (
        (X, Y, None, with_value(np.ones(20), 1e40)),
        "noise_scale must lie between",
    ),
    "sparse y": ((X, sparse.csr_array(Y[:, None])), r"pass y.toarray\(\)"),
    "overflow": ((X * 1e160, Y), "squares overflow .* rescale"),
    "overflow of y": ((X, Y * 1e155), "squares overflow .* rescale"),
    "no y": ((X, None), "requires y to be passed|y should be|y cannot be None"),
}


@pytest.mark.parametrize("name", BAD_DATA)
@pytest.mark.parametrize(
    "fit",
    [GaussianMLRegressor().fit, GaussianStatistics.from_data],
    ids=["fit", "data"],
)
def test_bad_data(name, fit):
    arguments, message = BAD_DATA[name]
    with pytest.raises(ValueError, match=message):
        fit(*arguments)


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("alpha", -1.0, r"range \[0.0, inf\)"),
        ("alpha", np.inf, r"range \[0.0, inf\)"),
        ("method", "map", "'ml', 'reml'|'reml', 'ml'"),
        ("solver", "svd", "'newton'"),
        ("max_iter", 0, r"range \[1, inf\)"),
        ("tol", -1e-3, r"range \[0.0, inf\)"),
        ("fit_intercept", "yes", "bool"),
        ("positive", 3, "bool"),
    ],
)
def test_bad_parameter(parameter, value, allowed):
    model = GaussianMLRegressor(**{parameter: value})
    with pytest.raises(
        InvalidParameterError, match=f"'{parameter}'.*{value}"
    ) as caught:
        model.fit(X, Y)
    assert re.search(allowed, str(caught.value))


@pytest.mark.parametrize("rows", [slice(None), slice(2, 4)], ids=["long", "wide"])
def test_assumed_finite(rows):
    """Nobody looks for the culprit then, but the sums show that there is one."""
    with (
        sklearn.config_context(assume_finite=True),
        pytest.raises(ValueError, match=r"not finite or .* overflow .* NaN"),
    ):
        GaussianMLRegressor().fit(with_value(X, np.nan)[rows], Y[rows])


def test_bad_combination():
    with pytest.raises(ValueError, match=r"method='reml'.*positive=True.*method='ml'"):
        GaussianMLRegressor(method="reml", positive=True).fit(X, Y)


def test_no_convergence():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 1))
    near = np.hstack([x, x + 1e-3 * rng.standard_normal((100, 1))])
    model = GaussianMLRegressor(solver="lbfgs", max_iter=1)
    with pytest.warns(ConvergenceWarning, match="standard errors away; raise max_iter"):
        model.fit(near, near @ [1.0, -1.0] + rng.standard_normal(100))
    assert model.n_iter_ == 1
    assert np.isfinite(model.coef_).all()


def test_scoring_errors():
    model = GaussianMLRegressor().fit(X, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score_loglik(X, Y[:-1])
    with pytest.raises(ValueError, match=r"y has shape.*fitted"):
        model.score_loglik(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=ZERO_WEIGHTS):
        model.score_loglik(X, Y, np.zeros(20))
    with pytest.raises(ValueError, match=r"3 features, but .* is expecting 2"):
        model.predict(np.ones((4, 3)))
    with pytest.raises(ValueError, match="contains NaN"):
        model.score_loglik(X, with_value(Y, np.nan))


@pytest.mark.parametrize("name", BAD_DATA)
def test_a_failed_fit_changes_nothing(name):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b"])
    model = GaussianMLRegressor().fit(frame, Y)
    before = dict(vars(model))
    with pytest.raises(ValueError):
        model.fit(*BAD_DATA[name][0])
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[key] is before[key] for key in before)


def test_a_warning_made_an_error_changes_nothing():
    model = GaussianMLRegressor()
    with pytest.raises(DegenerateFitWarning):  # the test configuration raises it
        model.fit(X, np.ones(20))
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "n_features_in_")
