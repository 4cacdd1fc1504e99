"""Integrals of many rows at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import IntegrationWarning
from scipy.special import expit

# The nodes reach down to 1e-225 of the interval: integrands may be singular at its
# lower end, and scipy inverts probabilities of Student's t wrongly below 1e-280. At
# the upper end the weights have vanished by 1e-17.
FIRST, LAST = -5.8, 3.5
COARSEST, FINEST = 2, 7  # steps of 1/4 to 1/128, at most 1216 nodes
RTOL = 1e-10  # asked of the change that halving the step makes; its own error is less
LIMIT = 1e-6  # NaN beyond

# Rules of Gauss and Kronrod on (-1, 1), positive nodes: (node, weight, weight of the
# Gauss rule). QUADPACK, and Laurie (1997) for the short one.
KRONROD_15 = (
    (0.991455371120812639206854697526329, 0.022935322010529224963732008058970, 0.0),
    (
        0.949107912342758524526189684047851,
        0.063092092629978553290700663189204,
        0.129484966168869693270611432679082,
    ),
    (0.864864423359769072789712788640926, 0.104790010322250183839876322541518, 0.0),
    (
        0.741531185599394439863864773280788,
        0.140653259715525918745189590510238,
        0.279705391489276667901467771423780,
    ),
    (0.586087235467691130294144691693013, 0.169004726639267902826583426598550, 0.0),
    (
        0.405845151377397166906606412076961,
        0.190350578064785409913256402421014,
        0.381830050505118944950369775488975,
    ),
    (0.207784955007898467600689403773245, 0.204432940075298892414161999234649, 0.0),
    (0.0, 0.209482141084727828012999174891714, 0.417959183673469387755102040816327),
)
KRONROD_7 = (
    (0.960491268708020283423507092629080, 0.104656226026467265193823857192073, 0.0),
    (
        0.774596669241483377035853079956480,
        0.268488089868333440728569280666710,
        0.555555555555555555555555555555556,
    ),
    (0.434243749346802558002071502844628, 0.401397414775962222905051818618432, 0.0),
    (0.0, 0.450916538658474142345110087045571, 0.888888888888888888888888888888889),
)
SHORT_PANEL = 0.1  # of the unit over which the integrand changes: the shorter rule


class Integral(NamedTuple):
    """Integrals, and where the error may be larger than 1e-6 of them."""

    value: Any
    failed: Any


def quadrature(
    integrand: Callable, lower: Any, upper: Any, typical: Any = 0.0
) -> Integral:
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
        The ends of the intervals.
    typical : float or ndarray
        Size of the integrand; an error is small as well if it is small against this.
        Where it or an end is NaN, the integral is NaN.

    Returns
    -------
    Integral
        Its value is NaN where it failed.
    """
    length = upper - lower
    unknown = np.isnan(length + typical)

    def total(nodes):
        value = 0.0
        for node in nodes:
            share = expit(np.pi * np.sinh(node))
            weight = np.pi * np.cosh(node) * share * expit(-np.pi * np.sinh(node))
            value = value + weight * integrand(lower + length * share)
        # Of an empty interval nothing, whatever the integrand is there.
        with np.errstate(invalid="ignore"):
            return np.where(length == 0, 0.0, value * length)

    step = 0.5**COARSEST
    running = total(np.arange(FIRST, LAST, step))
    for _ in range(COARSEST, FINEST):
        before = running * step
        running = running + total(np.arange(FIRST + step / 2.0, LAST, step))
        step /= 2.0
        integral = np.where(unknown, np.nan, running * step)
        with np.errstate(invalid="ignore"):
            change = np.abs(integral - before)
            size = np.abs(integral) + length * typical
            if np.all(unknown | (change <= RTOL * size)):
                break
    with np.errstate(invalid="ignore"):
        failed = ~unknown & ~(change <= LIMIT * size)
    return Integral(np.where(failed, np.nan, integral), failed)


def panel_quadrature(
    integrand: Callable, breaks: NDArray, unit: Any, typical: Any = 0.0
) -> Integral:
    """Integral of a function that is smooth between breaks.

    Parameters
    ----------
    integrand : callable
        Takes and returns arrays of shape (nodes, ...).
    breaks : ndarray of shape (k, ...)
        In rising order; panels may be empty.
    unit : float or ndarray
        Length over which a smooth integrand changes.
    typical : float or ndarray
        Size of the integral; an error is small as well if it is small against this.

    Returns
    -------
    Integral
        Its value is NaN where it failed.
    """
    total, error = np.zeros(breaks.shape[1:]), np.zeros(breaks.shape[1:])
    for lower, upper in pairwise(breaks):
        half = (upper - lower) / 2.0
        if not np.any(half > 0):
            continue
        rule = KRONROD_7 if np.all(~(2.0 * half > SHORT_PANEL * unit)) else KRONROD_15
        nodes, weights, gauss = _rule(rule, half.ndim)
        values = integrand(lower + half + half * nodes)
        integral = half * np.sum(weights * values, axis=0)
        total = total + integral
        error = error + np.abs(half * np.sum(gauss * values, axis=0) - integral)
    with np.errstate(invalid="ignore"):
        unknown = np.isnan(total + typical)
        failed = ~unknown & ~(error <= LIMIT * (np.abs(total) + typical))
    return Integral(np.where(failed, np.nan, total), failed)


def _rule(positive, ndim):
    """Nodes and both weights, on both sides of zero."""
    rule = np.array(positive)
    rule = np.concatenate([rule * [-1.0, 1.0, 1.0], rule[-2::-1]])
    return rule.T.reshape(3, -1, *(1,) * ndim)


def sum_of(integrals: list[Integral], what: str) -> Any:
    """The sum of integrals, with one warning that counts where one of them failed."""
    failed = sum(integral.failed for integral in integrals) > 0
    if np.any(failed):
        warnings.warn(
            f"{what} is NaN in {np.count_nonzero(failed)} of {np.size(failed)} rows: "
            "quadrature did not converge there. The transformation or the density may "
            "not be smooth.",
            IntegrationWarning,
            stacklevel=4,
        )
    return sum(integral.value for integral in integrals)
