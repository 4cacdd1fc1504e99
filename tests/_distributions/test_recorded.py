"""The recorded distribution against quadrature, scipy and its own samples."""

import numpy as np
import pytest
from scipy import integrate, stats

from sklearn_gml._distributions.recorded import Recorded
from sklearn_gml.metrics import crps_loss

MEAN, SIGMA = np.array([-3.0, 0.2, 1.5, 6.0]), np.array([1.0, 2.0, 0.5, 1.5])
WHOLE = (-np.inf, np.inf)
LIMITS = [
    ((0, np.inf), WHOLE),
    ((-np.inf, 4), WHOLE),
    ((0, 4), WHOLE),
    (WHOLE, (0, np.inf)),
    (WHOLE, (-1, 5)),
    ((1, 4), (0, np.inf)),
    ((1, 4), (0, 5)),
]


@pytest.mark.parametrize(("clip", "seen"), LIMITS)
def test_moments_are_integrals_of_the_distribution(clip, seen):
    recorded = Recorded(MEAN, SIGMA, clip, seen)
    low_mass, high_mass = recorded.limit_probabilities()
    for row, (mean, sigma) in enumerate(zip(MEAN, SIGMA, strict=True)):
        one = Recorded(np.array([mean]), np.array([sigma]), clip, seen)
        low, high = max(clip[0], seen[0]), min(clip[1], seen[1])
        low = max(low, min(mean, high) - 12 * sigma)
        high = min(high, max(mean, low) + 12 * sigma)

        def integral(power, one=one, low=low, high=high):
            return integrate.quad(
                lambda y: y**power * np.exp(one.latent.logpdf(y)[0]),
                low,
                high,
                epsabs=1e-13,
                limit=200,
            )[0]

        atoms = [
            (mass[row], limit)
            for mass, limit in zip((low_mass, high_mass), clip, strict=True)
            if np.isfinite(limit)
        ]
        total, first, second = (
            integral(power) + sum(mass * limit**power for mass, limit in atoms)
            for power in range(3)
        )
        assert total == pytest.approx(1.0, abs=1e-10)
        assert recorded.mean()[row] == pytest.approx(first, rel=1e-9, abs=1e-9)
        variance = second - first**2
        assert recorded.var()[row] == pytest.approx(variance, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(("clip", "seen"), LIMITS)
@pytest.mark.parametrize("y", [1.0, 2.0, 4.0])
def test_crps_is_the_integral_of_its_definition(clip, seen, y):
    recorded = Recorded(MEAN, SIGMA, clip, seen)
    values = recorded.crps(np.full(4, y))
    assert crps_loss(np.full(4, y), recorded) == pytest.approx(values.mean())
    for row, (mean, sigma) in enumerate(zip(MEAN, SIGMA, strict=True)):
        one = Recorded(np.array([mean]), np.array([sigma]), clip, seen)
        low, high = max(clip[0], seen[0], -40.0), min(clip[1], seen[1], 40.0)
        points = (y, mean - 4 * sigma, mean, mean + 4 * sigma)
        points = [point for point in points if low < point < high]
        expected, _ = integrate.quad(
            lambda x, one=one: (one.cdf(x)[0] - (x >= y)) ** 2,
            low,
            high,
            points=points or None,
            limit=200,
            epsabs=1e-11,
        )
        assert values[row] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("clip", "seen"), LIMITS)
def test_methods_agree_with_each_other(clip, seen):
    recorded = Recorded(MEAN, SIGMA, clip, seen)
    y = np.linspace(-2, 7, 181)[:, None]
    np.testing.assert_allclose(recorded.cdf(y) + recorded.sf(y), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.exp(recorded.logcdf(y)), recorded.cdf(y), atol=1e-12)
    np.testing.assert_allclose(np.exp(recorded.logsf(y)), recorded.sf(y), atol=1e-12)
    q = np.linspace(0.01, 0.99, 41)[:, None]
    value = recorded.ppf(q)
    inside = (value > clip[0]) & (value < clip[1])
    level = np.broadcast_to(q, value.shape)
    np.testing.assert_allclose(recorded.cdf(value)[inside], level[inside], rtol=1e-9)
    np.testing.assert_allclose(recorded.isf(1 - q), value, rtol=1e-8, atol=1e-8)
    # Between the probability of less and that of y or less.
    assert np.all(recorded.cdf_below(value) <= level + 1e-12)
    assert np.all(level <= recorded.cdf(value) + 1e-12)
    sample = recorded.rvs(size=(20000, 4), random_state=0)
    error = recorded.std() / np.sqrt(20000)
    assert np.all(np.abs(sample.mean(axis=0) - recorded.mean()) < 5 * error + 1e-12)


def test_limits_have_their_probability():
    recorded = Recorded(MEAN, SIGMA, (0.0, 4.0), WHOLE)
    latent = stats.norm(MEAN, SIGMA)
    np.testing.assert_allclose(recorded.logpdf(0.0), latent.logcdf(0.0), rtol=1e-14)
    np.testing.assert_allclose(recorded.logpdf(9.0), latent.logsf(4.0), rtol=1e-14)
    np.testing.assert_allclose(recorded.pdf(2.0), latent.pdf(2.0), rtol=1e-13)
    np.testing.assert_array_equal(recorded.cdf(-0.1), 0.0)
    np.testing.assert_array_equal(recorded.cdf(4.0), 1.0)
    np.testing.assert_array_equal(recorded.sf(4.0), 0.0)


def test_without_limits_it_is_normal():
    recorded, normal = Recorded(MEAN, SIGMA, WHOLE, WHOLE), stats.norm(MEAN, SIGMA)
    np.testing.assert_allclose(recorded.mean(), MEAN, rtol=1e-14)
    np.testing.assert_allclose(recorded.std(), SIGMA, rtol=1e-14)
    y = np.array([0.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(recorded.logpdf(y), normal.logpdf(y), rtol=1e-13)
    assert crps_loss(y, recorded) == pytest.approx(crps_loss(y, normal), rel=1e-12)


def test_truncated_moments_are_those_of_scipy():
    recorded = Recorded(MEAN, SIGMA, WHOLE, (0.0, 5.0))
    a, b = (0.0 - MEAN) / SIGMA, (5.0 - MEAN) / SIGMA
    expected = stats.truncnorm(a, b, MEAN, SIGMA)
    np.testing.assert_allclose(recorded.mean(), expected.mean(), rtol=1e-11)
    np.testing.assert_allclose(recorded.std(), expected.std(), rtol=1e-8)
