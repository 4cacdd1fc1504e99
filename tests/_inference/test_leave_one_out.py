"""Log-densities of the rows of a fit by the fits without them."""

import warnings

import numpy as np
import pytest
from generated import KINDS, problem
from heldout import taken

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV


def by_refitting(X, y, weight, noise_scale, **settings):
    """Densities (n,), each by a fit without a copy of its row."""
    n_samples = X.shape[0]
    densities = np.empty(n_samples)
    full = np.ones(n_samples) if weight is None else weight
    for at in range(n_samples):
        fewer = full.copy()
        fewer[at] -= min(full[at], 1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = GaussianMLRegressor(**settings).fit(X, y, fewer, noise_scale)
        row = [at]
        scale = taken(noise_scale, row)
        densities[at] = model.loglik_samples(X[row], y[row], noise_scale=scale)[0]
    return densities


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_equal_to_fits_without_each_row(seed, alpha, method):
    kind = KINDS[seed % len(KINDS)]
    generated, rng = problem(seed, kind), np.random.default_rng(seed)
    if alpha == 0.0 and kind == "wide":
        generated = problem(seed, "long")
    generated = generated.take(slice(0, 24))
    X, y, n_samples = generated.X, generated.y, generated.X.shape[0]
    noise_scale = rng.uniform(0.5, 2.0, n_samples) if seed % 2 else None
    weight = generated.weight
    if weight is not None:
        # Counts, fractions and rows that are not there.
        weight = np.where(rng.random(n_samples) < 0.5, weight, np.round(weight))
    settings = {
        "alpha": alpha,
        "method": method,
        "fit_intercept": generated.fit_intercept,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMLRegressor(**settings).fit(X, y, weight, noise_scale)
    got = model.loo_loglik_samples(X, y, weight, noise_scale=noise_scale)
    expected = by_refitting(X, y, weight, noise_scale, **settings)
    known = np.isfinite(got)
    # Without a prior a row may be alone in what it says.
    assert known.all() or alpha == 0.0
    np.testing.assert_allclose(got[known], expected[known], rtol=1e-9, atol=1e-9)
    assert known.sum() >= 0.5 * n_samples


@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_sum_is_what_summary_shows_and_cross_validation_scores(alpha):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = X.sum(axis=1) + rng.standard_normal(60)
    weight = rng.integers(0, 4, 60)
    model = GaussianMLRegressor(alpha=alpha).fit(X, y, weight)
    total = weight @ model.loo_loglik_samples(X, y, weight)
    table = str(model.summary(X=X, y=y, sample_weight=weight))
    assert f"leave-one-out {total:.2f}" in table
    assert "leave-one-out" not in str(model.summary())
    chosen = GaussianMLRegressorCV(alphas=[alpha], refine=False).fit(X, y, weight)
    assert chosen.best_score_ * weight.sum() == pytest.approx(total, rel=1e-12)


def test_robust_table_has_it_too():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 2)), rng.standard_normal(40)
    model = GaussianMLRegressor().fit(X, y)
    total = model.loo_loglik_samples(X, y).sum()
    assert f"{total:.2f}" in str(model.summary(kind="HC3", X=X, y=y))


def test_targets_are_added_up_whatever_their_alphas():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 5)), rng.standard_normal((30, 2))
    Y[:, 1] += 3.0 * X[:, 0]
    together = GaussianMLRegressor(alpha=1.0).fit(X, Y)
    alone = [
        GaussianMLRegressor(alpha=1.0).fit(X, y).loo_loglik_samples(X, y) for y in Y.T
    ]
    np.testing.assert_allclose(together.loo_loglik_samples(X, Y), sum(alone), 1e-10)
    apart = GaussianMLRegressorCV(alpha_per_target=True).fit(X, Y)
    alone = [
        GaussianMLRegressor(alpha=alpha).fit(X, y).loo_loglik_samples(X, y)
        for alpha, y in zip(apart.alpha_, Y.T, strict=True)
    ]
    np.testing.assert_allclose(apart.loo_loglik_samples(X, Y), sum(alone), 1e-9)
    np.testing.assert_allclose(sum(alone).mean(), apart.best_score_.sum(), 1e-10)


def test_row_that_alone_decides_its_prediction_is_nan():
    X = np.column_stack([np.arange(8.0) ** 2, np.eye(8)[2]])
    model = GaussianMLRegressor().fit(X, np.arange(8.0) % 3)
    densities = model.loo_loglik_samples(X, np.arange(8.0) % 3)
    assert np.flatnonzero(np.isnan(densities)).tolist() == [2]


def test_what_has_no_closed_form_is_refused():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 2)), rng.standard_normal(60)
    varies = GaussianMLRegressor(noise="log-linear", noise_alpha=1.0).fit(X, y)
    with pytest.raises(ValueError, match="constant noise only, not with noise='log"):
        varies.loo_loglik_samples(X, y)
    assert "leave-one-out" not in str(varies.summary(X=X, y=y))
    bounded = GaussianMLRegressor(positive=True).fit(X, y)
    with pytest.raises(ValueError, match="positive=False"):
        bounded.loo_loglik_samples(X, y)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_other_rows_are_refused(alpha):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 2)), rng.standard_normal(30)
    scale, weight = rng.uniform(0.5, 2.0, 30), rng.uniform(0.5, 2.0, 30)
    model = GaussianMLRegressor(alpha=alpha).fit(X, y, weight, scale)
    assert model.loo_loglik_samples(X, y, weight, noise_scale=scale).shape == (30,)
    for arguments, scales in (
        ((X, y), scale),
        ((X, y, weight), None),
        ((X[1:], y[1:], weight[1:]), scale[1:]),
        ((X, y[::-1], weight), scale),
    ):
        with pytest.raises(ValueError, match="not the rows of the fit"):
            model.loo_loglik_samples(*arguments, noise_scale=scales)
    with pytest.raises(ValueError, match="2 targets, but the model was fitted to 1"):
        model.loo_loglik_samples(X, np.column_stack([y, y]))
