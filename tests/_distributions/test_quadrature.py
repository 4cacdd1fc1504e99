"""Integrals with singular ends, many at once."""

import numpy as np
import pytest

from sklearn_gml._distributions.quadrature import quadrature

ONES = np.ones(3)


def test_powers_up_to_the_singular():
    exponent = np.array([4.0, 0.5, -0.8])
    integral = quadrature(lambda u: u**exponent, 0.0 * ONES, 2.0 * ONES)
    np.testing.assert_allclose(
        integral, 2 ** (exponent + 1) / (exponent + 1), rtol=1e-12
    )


def test_every_element_has_its_interval():
    lower, upper = np.array([0.0, 1.0, 0.3]), np.array([1.0, 1.0, 0.9])
    integral = quadrature(lambda u: np.log(np.maximum(u, 1e-300)), lower, upper)
    # u log u - u, and nothing over an empty interval.
    ends = [x * np.log(x) - x for x in (0.3, 0.9)]
    np.testing.assert_allclose(integral, [-1.0, 0.0, ends[1] - ends[0]], atol=1e-12)


def test_integral_of_zero():
    zero = quadrature(lambda u: u - 0.5, 0.0 * ONES, ONES, typical=1.0)
    np.testing.assert_allclose(zero, 0.0, atol=1e-13)


def test_no_convergence_is_said():
    with pytest.raises(ArithmeticError, match="did not converge"):
        quadrature(lambda u: 1.0 / u, 0.0 * ONES, ONES)
