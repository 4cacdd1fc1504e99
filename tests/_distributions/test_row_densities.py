"""Densities and probabilities of rows against differences in 150 digits and more."""

import mpmath
import numpy as np
import pytest

from sklearn_gml._distributions.row_densities import between, exact, within

# mu and log sigma are 0 and 0; differences of this size leave sixty digits and more.
STEP = mpmath.mpf(10) ** -22

FLIPPED = [1, -1, 1, 1, -1, 1]

NEAR_LIMITS = [-30.0, -8.0, -1.0, 0.0, 0.3, 2.5, 3.9, 4.1, 8.0, 300.0, 1e4]
WIDTHS = [np.inf, 1e-12, 1e-4, 0.1, 0.5, 1.4, 2.0, 4.0, 50.0]


def normal_mass(lower, upper):
    tails = [
        mpmath.erfc(limit / mpmath.sqrt(2)) / 2 if mpmath.isfinite(limit) else side
        for limit, side in ((lower, 1), (upper, 0))
    ]
    return tails[0] - tails[1]


def log_probability(lower, upper):
    def function(mu, log_sigma):
        sigma = mpmath.exp(log_sigma)
        return mpmath.log(normal_mass((lower - mu) / sigma, (upper - mu) / sigma))

    return function


def log_density(y):
    def function(mu, log_sigma):
        z = (y - mu) / mpmath.exp(log_sigma)
        return -z * z / 2 - mpmath.log(2 * mpmath.pi) / 2 - log_sigma

    return function


def derivatives(function):
    """Value, gradient, and second derivatives at (0, 0) by central differences."""
    f = {(i, j): function(i * STEP, j * STEP) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    return [
        f[0, 0],
        (f[1, 0] - f[-1, 0]) / (2 * STEP),
        (f[0, 1] - f[0, -1]) / (2 * STEP),
        (f[1, 0] - 2 * f[0, 0] + f[-1, 0]) / STEP**2,
        (f[1, 1] - f[1, -1] - f[-1, 1] + f[-1, -1]) / (4 * STEP**2),
        (f[0, 1] - 2 * f[0, 0] + f[0, -1]) / STEP**2,
    ]


def digits(lower):
    """Enough that a probability beside one, and a narrow one, keep a hundred."""
    return 420 if lower < -20 else 180


def column(*values):
    return [np.array([float(value)]) for value in values]


@pytest.mark.parametrize("lower", NEAR_LIMITS)
@pytest.mark.parametrize("width", WIDTHS)
def test_probabilities_of_intervals(lower, width):
    with mpmath.workdps(digits(lower)):
        a, b = mpmath.mpf(lower), mpmath.mpf(lower) + mpmath.mpf(width)
        expected = [float(value) for value in derivatives(log_probability(a, b))]
        got = between(*column(a, b, width))
        mirrored = between(*column(-b, -a, width))
    # A first derivative that crosses zero has the rounding error of its terms.
    scale = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    for value, other, exactly, sign, size in zip(
        got, mirrored, expected, FLIPPED, scale, strict=True
    ):
        np.testing.assert_allclose(value, exactly, rtol=2e-13, atol=3e-16 * size)
        np.testing.assert_allclose(sign * other, value, rtol=2e-13, atol=3e-16 * size)


@pytest.mark.parametrize("lower", NEAR_LIMITS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("part", [0.0, 0.8])
def test_densities_of_rows_seen_within_limits(lower, width, part):
    with mpmath.workdps(digits(lower)):
        a, b = mpmath.mpf(lower), mpmath.mpf(lower) + mpmath.mpf(width)
        reach = width if np.isfinite(width) else 1 / lower if lower > 1 else 3 - lower
        beyond = mpmath.mpf(part) * reach
        y = a + beyond
        seen, density = log_probability(a, b), log_density(y)
        expected = derivatives(lambda *at: density(*at) - seen(*at))
        expected = [float(value) for value in expected]
        got = within(*column(y, 0, a, b, beyond, b - y))
        mirrored = within(*column(-y, 0, -b, -a, b - y, beyond))
    for value, other, exactly, sign in zip(
        got, mirrored, expected, FLIPPED, strict=True
    ):
        np.testing.assert_allclose(value, exactly, rtol=1e-12, atol=2e-14)
        np.testing.assert_allclose(sign * other, value, rtol=1e-12, atol=2e-14)


@pytest.mark.parametrize("z", [-40.0, -1.0, 0.0, 3.0])
def test_density_of_a_known_y(z):
    with mpmath.workdps(100):
        expected = [float(value) for value in derivatives(log_density(mpmath.mpf(z)))]
    np.testing.assert_allclose(
        np.ravel(exact(*column(z, 0))), expected, rtol=1e-15, atol=1e-40
    )


def test_narrow_interval_is_the_density_times_its_width():
    z = np.array([-30.0, -2.0, 0.5, 6.0])
    width = np.full(4, 1e-9)
    narrow = between(z - 0.5e-9, z + 0.5e-9, width)
    density = exact(z, 0.0)
    np.testing.assert_allclose(narrow.value - np.log(width), density.value, rtol=1e-8)
    for value, expected in zip(narrow[1:], density[1:], strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-7)


def test_no_limits_say_nothing():
    nowhere = np.array([-np.inf, -1e9, -1e200]), np.array([np.inf, 1e9, 1e200])
    for value in between(*nowhere, nowhere[1] - nowhere[0]):
        np.testing.assert_array_equal(np.abs(value), 0.0)
    z, far = np.array([0.7, -2.0]), np.full(2, np.inf)
    for value, expected in zip(
        within(z, 0.1, -far, far, far, far), exact(z, 0.1), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-15, atol=1e-40)
