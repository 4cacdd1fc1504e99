"""Generated inputs that a fit must survive: right numbers, or an error that says why.

Each attack is a function of a random generator that draws one input and raises
``AssertionError`` if the answer is wrong, or returns without a word. Errors of the
library that refuse a setting are no answers: the caller counts them apart.
"""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from exact import least_squares
from scipy import sparse
from sklearn.base import clone

from sklearn_gml import GaussianMLRegressor, GaussianStatistics


class Refused(Exception):
    """A combination of settings that the library refuses with a reason."""

    REASONS = ("is not supported", "is not defined", "no attribute 'partial_fit'")


def refusal(error: Exception) -> Exception:
    """The refusal that an error is, or the error itself: then it is a fault."""
    text = str(error)
    return Refused(text) if any(part in text for part in Refused.REASONS) else error


def settings(rng: np.random.Generator, n_features: int) -> dict[str, Any]:
    """Settings of a regressor; most draws leave most of them alone."""
    drawn: dict[str, Any] = {"fit_intercept": bool(rng.random() < 0.8)}
    if rng.random() < 0.4:
        drawn["alpha"] = [0.5, 10.0, "evidence"][rng.integers(3)]
        if rng.random() < 0.4:
            drawn["prior_groups"] = "columns"
            if rng.random() < 0.5:
                drawn["alpha"] = 10.0 ** rng.uniform(-2, 2, n_features)
    if rng.random() < 0.3:
        drawn["method"] = "reml"
    if rng.random() < 0.25:
        drawn["noise"] = "log-linear"
        drawn["noise_columns"] = [0]
    elif rng.random() < 0.2:
        drawn["positive"] = True
    elif rng.random() < 0.2:
        drawn["covariance"] = "full"
    elif rng.random() < 0.2:
        drawn["censoring"] = (-1.0, None)
    return drawn


def data(rng: np.random.Generator, *, n_targets: int = 1):
    """Rows of ordinary size whose noise is a third of what y shows."""
    n_features = int(rng.integers(1, 5))
    X = rng.standard_normal((int(rng.integers(20, 60)), n_features))
    Y = X @ rng.standard_normal((n_features, n_targets)) + rng.standard_normal()
    Y += 0.5 * rng.standard_normal(Y.shape)
    return X, Y[:, 0] if n_targets == 1 else Y


def fit(drawn: dict[str, Any], X, y, **known):
    """The fit, or :class:`Refused`: a setting that this combination does not allow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return GaussianMLRegressor(**drawn).fit(X, y, **known)
        except ValueError as error:
            raise refusal(error) from None


def numbers(model) -> np.ndarray:
    """Everything that a fit has estimated, side by side."""
    names = ("coef_", "intercept_", "sigma_", "noise_coef_", "loglik_")
    found = [np.ravel(getattr(model, name)) for name in names if hasattr(model, name)]
    return np.concatenate(found)


def same(one, other, rtol=1e-6, atol=1e-6):
    np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def targets_and_settings(rng):
    n_targets = int(rng.choice([1, 1, 3]))
    X, y = data(rng, n_targets=n_targets)
    return X, y, settings(rng, X.shape[1])


# Containers and dtypes ----------------------------------------------------------------


def _strided(X):
    wide = np.full((2 * len(X), 3 * X.shape[1]), np.nan)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "frame": pd.DataFrame,
    "nullable frame": lambda X: pd.DataFrame(X).astype("Float64"),
    "polars": lambda X: pl.DataFrame(X, schema=[f"x{j}" for j in range(X.shape[1])]),
    "object": lambda X: X.astype(object),
    "object frame": lambda X: pd.DataFrame(X).astype(object),
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "int8": lambda X: X.astype(np.int8),
    "uint8": lambda X: np.abs(X).astype(np.uint8),
    "bool": lambda X: X > 0,
    "nullable bool": lambda X: pd.DataFrame(X > 0).astype("boolean"),
    "int frame": lambda X: pd.DataFrame(np.round(X)).astype("Int64"),
    "big endian": lambda X: X.astype(">f8"),
    "longdouble": lambda X: X.astype(np.longdouble),
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "reversed": lambda X: X[::-1, ::-1],
    "read-only": _read_only,
    **{
        f"{name} {kind}": lambda X, name=name, kind=kind: getattr(
            sparse, f"{name}_{kind}"
        )(X)
        for name in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
        for kind in ("array", "matrix")
    },
}


def plain(container) -> np.ndarray:
    """The same numbers as an ordinary matrix of float64."""
    if sparse.issparse(container):
        container = container.toarray()
    if isinstance(container, pd.DataFrame):
        container = container.to_numpy(dtype=float)
    return np.array(container, dtype=np.float64, order="C")


def containers(rng):
    """A container gives the numbers of the plain matrix, and stays what it was."""
    X, y, drawn = targets_and_settings(rng)
    X = np.round(4 * X) if rng.random() < 0.8 else X
    name = rng.choice(list(CONTAINERS))
    held = CONTAINERS[name](X)
    before = plain(held)
    model, other = fit(drawn, held, y), fit(drawn, before, y)
    same(numbers(model), numbers(other))
    same(model.predict(held), other.predict(before))
    np.testing.assert_array_equal(plain(held), before)


# Scales and offsets -------------------------------------------------------------------


def scales(rng):
    """Units of y and of the columns change the units of the answer, not the answer."""
    X, y, drawn = targets_and_settings(rng)
    drawn = {name: drawn[name] for name in drawn if name in ("fit_intercept", "method")}
    size, unit = 10.0 ** rng.uniform(-100, 100, 2)
    model, other = fit(drawn, X, y), fit(drawn, X * size, y * unit)
    same(other.coef_ * (size / unit), model.coef_)
    same(np.asarray(other.sigma_) / unit, model.sigma_)
    same(other.predict(X * size) / unit, model.predict(X))


def offsets(rng):
    """Large constants and repeated columns: the least squares, or a warning."""
    X, y = data(rng)
    offset = 10.0 ** rng.uniform(0, 12)
    moved = X + offset
    exact_rows = moved - offset
    if rng.random() < 0.3:
        moved = np.column_stack([moved, moved[:, 0]])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GaussianMLRegressor().fit(moved, y)
        score = model.score_loglik(moved, y)
    other = GaussianMLRegressor().fit(exact_rows, y)
    assert model.sigma_ <= 1.005 * other.sigma_, (model.sigma_, other.sigma_)
    if not caught:
        # Predictions may be off by a hundredth of sigma before a warning says so.
        same(score, model.loglik_, atol=0.01 * np.sqrt(len(y)) + 0.5e-4 * len(y))


# Exact arithmetic ---------------------------------------------------------------------


def exact(rng):
    """Least squares in rational arithmetic."""
    X, y = data(rng)
    X = X * 10.0 ** rng.integers(-6, 7, X.shape[1])
    X += rng.choice([0.0, 1.0, 100.0]) * np.abs(X).max(axis=0)
    intercept = bool(rng.random() < 0.7)
    parameters, _, rss = least_squares(X, y, fit_intercept=intercept)
    model = GaussianMLRegressor(fit_intercept=intercept).fit(X, y)
    found = np.r_[model.intercept_, model.coef_] if intercept else model.coef_
    same(found, parameters, rtol=1e-9, atol=0)
    same(model.sigma_, np.sqrt(rss / len(y)), rtol=1e-11, atol=0)


# Laws ---------------------------------------------------------------------------------


def repetition(rng):
    """Weights are repetitions."""
    X, y, drawn = targets_and_settings(rng)
    times = rng.integers(0, 4, len(X))
    model = fit(drawn, X, y, sample_weight=times)
    other = fit(drawn, X.repeat(times, axis=0), y.repeat(times, axis=0))
    same(numbers(model), numbers(other), rtol=1e-5, atol=1e-5)


def permutation(rng):
    """The order of rows is nothing."""
    X, y, drawn = targets_and_settings(rng)
    order = rng.permutation(len(X))
    one, other = fit(drawn, X, y), fit(drawn, X[order], y[order])
    same(numbers(one), numbers(other), rtol=1e-5, atol=1e-5)


def score(rng):
    """``score_loglik`` of the training rows is ``loglik_``."""
    X, y, drawn = targets_and_settings(rng)
    known = {}
    if rng.random() < 0.5:
        known["sample_weight"] = rng.uniform(0, 3, len(X))
    if drawn.get("censoring"):
        y = np.maximum(y, -1.0)
    model = fit(drawn, X, y, **known)
    same(model.score_loglik(X, y, **known), model.loglik_)
    same(model.score_loglik(X, y), model.loglik_samples(X, y).sum())


def noise_scales(rng):
    """A known noise scale divides the rows and subtracts its logarithm."""
    X, y = data(rng)
    scale = rng.uniform(0.2, 5.0, len(X))
    model = fit({}, X, y, noise_scale=scale)
    rows = np.column_stack([np.ones(len(X)), X]) / scale[:, None]
    other = fit({"fit_intercept": False}, rows, y / scale)
    same(np.r_[model.intercept_, model.coef_], other.coef_)
    same(model.loglik_, other.loglik_ - np.log(scale).sum())


def copies(rng):
    """Pickles, copies and refitted clones are the fit."""
    X, y, drawn = targets_and_settings(rng)
    model = fit(drawn, X, y)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(numbers(other), numbers(model))
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
    again = clone(model)
    assert not hasattr(again, "coef_")
    np.testing.assert_array_equal(
        numbers(fit(again.get_params(), X, y)), numbers(model)
    )


def batches(rng):
    """``partial_fit``, merged statistics and those of a dictionary are ``fit``."""
    X, y, drawn = targets_and_settings(rng)
    cut = int(rng.integers(8, len(X)))
    model = fit(drawn, X, y)
    partial = GaussianMLRegressor(**drawn)
    parts = [GaussianStatistics.from_data(*rows) for rows in _halves(X, y, cut)]
    text = json.dumps((parts[0] + parts[1]).to_dict())
    merged = GaussianStatistics.from_dict(json.loads(text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for rows in _halves(X, y, cut):
                partial.partial_fit(*rows)
            other = GaussianMLRegressor(**drawn).fit_statistics(merged)
        except (ValueError, AttributeError) as error:
            raise refusal(error) from None
    same(numbers(partial), numbers(model), rtol=1e-7, atol=1e-7)
    same(numbers(other), numbers(model), rtol=1e-7, atol=1e-7)


def _halves(X, y, cut):
    return (X[:cut], y[:cut]), (X[cut:], y[cut:])


# Interruptions ------------------------------------------------------------------------


class Interrupted(BaseException):
    """What no library may catch."""


class HostileArray:
    """Rows that raise when they are read for the nth time."""

    def __init__(self, values, error, times):
        self.values, self.error, self.times = values, error, times
        self.shape, self.ndim, self.dtype = values.shape, values.ndim, values.dtype

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        self.times -= 1
        if self.times < 0:
            raise self.error("while the rows were read")
        return np.array(self.values, dtype=dtype)


def interruptions(rng):
    """A fit that raises leaves the estimator as it was."""
    X, y, drawn = targets_and_settings(rng)
    model = fit(drawn, X, y)
    before = {name: id(value) for name, value in vars(model).items()}
    predicted = model.predict(X)
    error = [KeyboardInterrupt, MemoryError, Interrupted][rng.integers(3)]
    wide = np.column_stack([X, X[:, 0] ** 2])
    method = rng.choice(["fit", "weights", "targets", "callable"])
    try:
        if method == "weights":
            model.fit(wide, y, sample_weight=HostileArray(np.ones(len(y)), error, 0))
        elif method == "targets":
            model.fit(wide, HostileArray(y, error, 0))
        elif method == "callable":
            _interrupt_columns(model, wide, y, error)
        else:
            model.fit(HostileArray(wide, error, 0), y)
    except error:
        pass
    else:
        raise AssertionError("the error was swallowed")
    if method == "callable":
        return
    assert {name: id(value) for name, value in vars(model).items()} == before
    np.testing.assert_array_equal(model.predict(X), predicted)


def _interrupt_columns(model, X, y, error):
    def columns(X):
        raise error("while columns were chosen")

    before = dict(vars(model))
    model.set_params(
        noise="log-linear",
        noise_columns=columns,
        alpha=0.0,
        prior_groups=None,
        positive=False,
        covariance="diagonal",
    )
    expected = before | {name: getattr(model, name) for name in model.get_params()}
    try:
        model.fit(X, y)
    finally:
        assert vars(model).keys() == expected.keys()
        assert all(vars(model)[name] is expected[name] for name in expected)


# Dictionaries of others ---------------------------------------------------------------

HOSTILE = (
    *(None, True, -1, 0, 10**400, 1e308, -1e308, np.nan, np.inf, "1", "", b"1"),
    *([], {}, [[]], [None], [[np.nan]], [1e200], [["1"]], [[True]], set(), object()),
)


def dictionaries(rng):
    """``from_dict`` refuses with a ValueError, or what it reads can be fitted."""
    X, y = data(rng, n_targets=int(rng.integers(1, 3)))
    written = GaussianStatistics.from_data(X, y).to_dict()
    name = rng.choice(sorted(written))
    kind = rng.integers(4)
    if kind == 0:
        written[name] = HOSTILE[rng.integers(len(HOSTILE))]
    elif kind == 1:
        del written[name]
    elif kind == 2:
        written[f"{name} "] = written[name]
    else:
        _change_an_entry(written, rng)
    try:
        read = GaussianStatistics.from_dict(written)
    except ValueError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = GaussianMLRegressor().fit_statistics(read)
        except ValueError:
            return
    assert np.isfinite(numbers(model)).all(), (name, numbers(model))


def _change_an_entry(written, rng):
    rows = written["factor"]
    row = rows[rng.integers(len(rows))]
    row[rng.integers(len(row))] = HOSTILE[rng.integers(len(HOSTILE))]


ATTACKS = {
    "containers": containers,
    "scales": scales,
    "offsets": offsets,
    "exact arithmetic": exact,
    "weights are repetitions": repetition,
    "order of rows": permutation,
    "score is loglik_": score,
    "noise scales": noise_scales,
    "copies": copies,
    "batches and merging": batches,
    "interruptions": interruptions,
    "dictionaries": dictionaries,
}
