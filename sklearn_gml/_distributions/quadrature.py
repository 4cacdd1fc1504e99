"""Integrals over probabilities, for all rows at once."""

import numpy as np
from scipy.special import expit

# The nodes reach down to 1e-225 of the interval: integrands may be singular at its
# lower end, and scipy inverts probabilities of Student's t wrongly below 1e-280. At
# the upper end the weights have vanished by 1e-17.
FIRST, LAST = -5.8, 3.5
COARSEST, FINEST = 2, 7  # steps of 1/4 to 1/128, at most 1216 nodes
RTOL = 1e-10  # asked of the change that halving the step makes; its own error is less
LIMIT = 1e-6  # refused beyond


def quadrature(integrand, lower, upper, typical=0.0):
    """Integral of a function from ``lower`` to ``upper``, arrays of one shape.

    The double exponential rule of Takahasi and Mori (1974): the trapezoidal rule after
    a substitution that makes everything vanish at the ends, singularities included.
    scipy has it as ``tanhsinh``, which wants all nodes of all rows at once, and no
    integral to be zero or interval to be empty.

    Parameters
    ----------
    integrand : callable
        Takes and returns arrays of that shape, one node for each element.
    lower, upper : ndarray
    typical : float or ndarray
        Size of the integrand; an error is small as well if it is small against this.
        Where it or an end is NaN nothing is known, and the integral is NaN.

    Raises
    ------
    ArithmeticError
        If the error may be larger than 1e-6 of the integral.
    """
    length = upper - lower
    unknown = np.isnan(length + typical)

    def total(nodes):
        value = 0.0
        for node in nodes:
            share = expit(np.pi * np.sinh(node))
            weight = np.pi * np.cosh(node) * share * expit(-np.pi * np.sinh(node))
            value = value + weight * integrand(lower + length * share)
        return value * length

    step = 0.5**COARSEST
    running = total(np.arange(FIRST, LAST, step))
    for _ in range(COARSEST, FINEST):
        before = running * step
        running = running + total(np.arange(FIRST + step / 2.0, LAST, step))
        step /= 2.0
        integral = np.where(unknown, np.nan, running * step)
        change = np.abs(integral - before)
        size = np.abs(integral) + length * typical
        if np.all(unknown | (change <= RTOL * size)):
            return integral
    if not np.all(unknown | (change <= LIMIT * size)):
        worst = np.nanmax(change / np.maximum(size, np.finfo(float).tiny), initial=0.0)
        raise ArithmeticError(
            f"Quadrature did not converge: the relative error may be {worst:.1e}."
        )
    return integral
