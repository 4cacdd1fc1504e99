"""Integrals with singular ends, many at once."""

import numpy as np
import pytest
from scipy.integrate import IntegrationWarning

from sklearn_gml._distributions.quadrature import (
    panel_quadrature,
    quadrature,
    sum_of,
)

ONES = np.ones(3)


def test_powers_up_to_the_singular():
    exponent = np.array([4.0, 0.5, -0.8])
    integral = quadrature(lambda u: u**exponent, 0.0 * ONES, 2.0 * ONES).value
    np.testing.assert_allclose(
        integral, 2 ** (exponent + 1) / (exponent + 1), rtol=1e-12
    )


def test_every_element_has_its_interval():
    lower, upper = np.array([0.0, 1.0, 0.3]), np.array([1.0, 1.0, 0.9])
    integral = quadrature(lambda u: np.log(np.maximum(u, 1e-300)), lower, upper).value
    # u log u - u, and nothing over an empty interval.
    ends = [x * np.log(x) - x for x in (0.3, 0.9)]
    np.testing.assert_allclose(integral, [-1.0, 0.0, ends[1] - ends[0]], atol=1e-12)


def test_integral_of_zero():
    zero = quadrature(lambda u: u - 0.5, 0.0 * ONES, ONES, typical=1.0).value
    np.testing.assert_allclose(zero, 0.0, atol=1e-13)


def test_no_convergence_is_said():
    """The rows that fail are NaN and counted; the others are right."""
    exponent = np.array([1.0, -1.0, 2.0])
    integral = quadrature(lambda u: u**exponent, 0.0 * ONES, ONES)
    np.testing.assert_array_equal(integral.failed, [False, True, False])
    with pytest.warns(IntegrationWarning, match="mean is NaN in 1 of 3 rows"):
        total = sum_of([integral, integral], "mean")
    np.testing.assert_allclose(total, [1.0, np.nan, 2.0 / 3.0], rtol=1e-12)


def test_panels_between_kinks():
    """Piecewise polynomials are exact, whatever the length of their panels."""
    breaks = np.array([[0.0, 0.0], [0.0, 0.25], [0.5, 0.5], [3.0, 0.5], [3.0, 2.0]])
    kink = np.array([0.5, 0.25])
    for unit in (1.0, 1e3):
        integral = panel_quadrature(lambda x: np.abs(x - kink) ** 3, breaks, unit)
        expected = (kink**4 + (breaks[-1] - kink) ** 4) / 4.0
        np.testing.assert_allclose(integral.value, expected, rtol=1e-14)
        assert not integral.failed.any()


def test_panels_that_miss_a_kink_are_said():
    breaks = np.array([[0.0, 0.0], [1.0, 1.0]])
    kink = np.array([0.0, 0.3])
    integral = panel_quadrature(lambda x: np.abs(x - kink), breaks, 1.0)
    np.testing.assert_array_equal(integral.failed, [False, True])


def test_empty_interval_at_a_pole():
    with np.errstate(divide="ignore"):  # infinity at the pole
        integral = quadrature(lambda u: u**-0.5, 0.0 * ONES, np.array([0.0, 1.0, 4.0]))
    np.testing.assert_allclose(integral.value, [0.0, 2.0, 4.0], rtol=1e-10)
