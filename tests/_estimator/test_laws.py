"""Laws that hold for every fit, over generated data."""

import warnings

import numpy as np
import pytest
from generated import problem
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_gml import GaussianMLRegressor, RankDeficiencyWarning

seeds = st.integers(0, 10_000)
kinds = st.sampled_from(["long", "weighted", "several targets", "sparse"])
settings = st.sampled_from([{}, {"alpha": 0.7}, {"positive": True}, {"method": "reml"}])

# Condition numbers of the generated designs stay below 1e3.
RTOL = 1e-10


def fitted(generated, setting, **changes):
    data = {"X": generated.X, "y": generated.y, "sample_weight": generated.weight}
    estimator = GaussianMLRegressor(fit_intercept=generated.fit_intercept, **setting)
    return estimator.fit(**{**data, **changes})


def close(a, b, rtol=RTOL):
    b = np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(b)))


@given(seed=seeds, kind=kinds, setting=settings)
def test_likelihood_of_the_training_data(seed, kind, setting):
    generated = problem(seed, kind)
    model = fitted(generated, setting)
    X, y, weight = generated.X, generated.y, generated.weight
    samples = model.loglik_samples(X, y)
    assert samples.shape == (X.shape[0],)
    total = model.score_loglik(X, y, weight)
    assert model.loglik_ == pytest.approx(total, rel=RTOL)
    weights = np.ones(len(y)) if weight is None else weight
    assert total == pytest.approx(np.sum(weights * samples), rel=1e-12)
    normalised = model.score_loglik(X, y, weight, normalize=True)
    assert normalised == pytest.approx(total / weights.sum(), rel=1e-12)

    density = model.predict_dist(X, kind="plugin").logpdf(y)
    close(samples, density if density.ndim == 1 else density.sum(axis=1), 1e-12)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, model.predict(X))
    np.testing.assert_array_equal(std, model.predict_dist(X).std())
    assert mean.shape == std.shape == y.shape

    if not setting.get("alpha"):
        assert model.edf_ == model.rank_
    k = (model.edf_ + 1) * (1 if y.ndim == 1 else y.shape[1])
    assert model.aic_ == pytest.approx(-2 * total + 2 * k, rel=RTOL)
    assert model.bic_ == pytest.approx(-2 * total + k * np.log(weights.sum()), rel=RTOL)


@given(seed=seeds, kind=kinds, setting=settings, power=st.integers(-6, 6))
def test_rescaling_y(seed, kind, setting, power):
    generated = problem(seed, kind)
    one, factor = fitted(generated, setting), 10.0**power
    other = fitted(generated, setting, y=generated.y * factor)
    close(other.coef_, one.coef_ * factor)
    close(other.intercept_, one.intercept_ * factor)
    close(other.sigma_, one.sigma_ * factor)
    weights = generated.weight
    n = len(generated.y) if weights is None else weights.sum()
    n *= np.size(one.sigma_)
    expected = one.loglik_ - n * np.log(factor)
    assert other.loglik_ == pytest.approx(expected, rel=RTOL, abs=RTOL * n)


@given(seed=seeds, kind=kinds, power=st.integers(-6, 6))
def test_rescaling_a_column(seed, kind, power):
    generated = problem(seed, kind)
    one, factor = fitted(generated, {}), 10.0**power
    X = generated.dense.copy()
    X[:, 0] *= factor
    other = fitted(generated, {}, X=X)
    back = np.atleast_2d(other.coef_).copy()
    back[:, 0] *= factor
    close(back, np.atleast_2d(one.coef_))
    close(other.sigma_, one.sigma_)
    assert other.loglik_ == pytest.approx(one.loglik_, rel=RTOL)


@given(seed=seeds, kind=kinds, setting=settings, data=st.data())
def test_weight_is_repetition(seed, kind, setting, data):
    generated = problem(seed, kind)
    n_samples = generated.X.shape[0]
    times = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=n_samples, max_size=n_samples))
    )
    # Enough rows left for the fit not to be degenerate.
    times[::2] = np.maximum(times[::2], 1)
    assume(np.count_nonzero(times) > generated.X.shape[1] + 2)
    assert_weight_is_repetition(generated, setting, times)


def assert_weight_is_repetition(generated, setting, times):
    """The same numbers and the same warnings; returns the warnings."""
    rows = np.repeat(np.arange(len(times)), times)
    changes = {
        "weighted": {"sample_weight": times.astype(float)},
        "copies": {
            "X": generated.X[rows],
            "y": generated.y[rows],
            "sample_weight": None,
        },
    }
    models, said = {}, {}
    for name, change in changes.items():
        # The rows that are left may have collinear columns.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RankDeficiencyWarning)
            models[name] = fitted(generated, setting, **change)
        said[name] = [str(warning.message) for warning in caught]
    assert said["weighted"] == said["copies"]
    for name in ("rank_", "coef_", "intercept_", "sigma_", "loglik_", "aic_", "bic_"):
        close(*(getattr(model, name) for model in models.values()))
    return said["weighted"]


@pytest.mark.parametrize("setting", [{}, {"alpha": 0.7}, {"method": "reml"}])
def test_weights_that_leave_collinear_columns(setting):
    # Two columns have their only entries in the first of the rows that are left.
    generated = problem(2544, "sparse")
    times = np.array([1, 0, 1, 0, 1, 0, 1, 1, 1, 1])
    said = assert_weight_is_repetition(generated, setting, times)
    assert bool(said) == ("alpha" not in setting)


@given(seed=seeds, kind=kinds, setting=settings)
def test_order_of_rows_and_of_columns_changes_nothing(seed, kind, setting):
    generated = problem(seed, kind)
    rng = np.random.default_rng(seed)
    model = fitted(generated, setting)
    rows = rng.permutation(generated.X.shape[0])
    weight = None if generated.weight is None else generated.weight[rows]
    permuted = fitted(
        generated,
        setting,
        X=generated.X[rows],
        y=generated.y[rows],
        sample_weight=weight,
    )
    columns = rng.permutation(generated.X.shape[1])
    reordered = fitted(generated, setting, X=generated.X[:, columns])
    for other, coef in (
        (permuted, model.coef_),
        (reordered, np.take(model.coef_, columns, axis=-1)),
    ):
        close(other.coef_, coef)
        close(other.sigma_, model.sigma_)
        assert other.loglik_ == pytest.approx(model.loglik_, rel=RTOL)


@given(seed=seeds, kind=kinds, setting=settings)
def test_targets_are_fitted_apart(seed, kind, setting):
    generated = problem(seed, "several targets")
    together = fitted(generated, setting)
    parts = [fitted(generated, setting, y=column) for column in generated.y.T]
    close(together.coef_, [part.coef_ for part in parts])
    close(together.sigma_, [part.sigma_ for part in parts])
    total = sum(part.loglik_ for part in parts)
    assert together.loglik_ == pytest.approx(total, rel=RTOL)
    assert sum(p.aic_ for p in parts) == pytest.approx(together.aic_, rel=RTOL)


@given(seed=seeds)
def test_sparse_rows_are_the_dense_rows(seed):
    generated = problem(seed, "sparse")
    assert sparse.issparse(generated.X)
    dense = fitted(generated, {}, X=generated.dense)
    for convert in (sparse.csr_array, sparse.csc_array):
        model = fitted(generated, {}, X=convert(generated.X))
        close(model.coef_, dense.coef_)
        close(model.loglik_, dense.loglik_)
        close(model.predict(generated.X), dense.predict(generated.dense))


@given(seed=seeds, kind=kinds, setting=settings)
def test_noise_scale_divides_the_rows(seed, kind, setting):
    """A known scale of the noise of a row is a row divided by it."""
    generated = problem(seed, kind)
    n = generated.X.shape[0]
    scale = 10.0 ** np.random.default_rng(seed).uniform(-1, 1, n)
    model = fitted(generated, setting, noise_scale=scale)
    intercept = np.full(n, float(generated.fit_intercept))
    X = np.column_stack([intercept, generated.dense]) / scale[:, None]
    assume(np.linalg.matrix_rank(X[:, 1:]) == X.shape[1] - 1)
    y = generated.y / (scale if generated.y.ndim == 1 else scale[:, None])

    at, weight = {"noise_scale": scale}, generated.weight
    total = model.score_loglik(generated.X, generated.y, weight, **at)
    assert model.loglik_ == pytest.approx(total, rel=RTOL)
    distribution = model.predict_dist(generated.X, kind="plugin", **at)
    density = distribution.logpdf(generated.y)
    density = density if density.ndim == 1 else density.sum(axis=1)
    close(model.loglik_samples(generated.X, generated.y, **at), density, 1e-12)
    if setting == {}:
        coef = np.atleast_2d(model.coef_)
        intercept = np.broadcast_to(model.intercept_, len(coef))
        coef = np.column_stack([intercept, coef])
        root = np.ones((n, 1)) if weight is None else np.sqrt(weight)[:, None]
        targets = y.reshape(n, -1)
        exact, *_ = np.linalg.lstsq(X * root, targets * root, rcond=None)
        close(coef, exact.T, 1e-9)
        squares = np.sum((root * (targets - X @ exact)) ** 2, axis=0)
        close(np.square(model.sigma_), (squares / np.sum(root**2)).reshape(y.shape[1:]))


@given(seed=seeds, kind=kinds, setting=settings, power=st.integers(-6, 6))
def test_noise_scale_is_relative(seed, kind, setting, power):
    # The prior is one in units of sigma, which the factor changes.
    assume("alpha" not in setting)
    generated, factor = problem(seed, kind), 10.0**power
    n = generated.X.shape[0]
    one = fitted(generated, setting)
    same = fitted(generated, setting, noise_scale=np.full(n, factor))
    close(same.coef_, one.coef_)
    close(same.sigma_, np.asarray(one.sigma_) / factor)
    assert same.loglik_ == pytest.approx(one.loglik_, rel=RTOL, abs=RTOL * n)
