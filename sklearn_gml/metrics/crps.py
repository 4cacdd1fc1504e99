"""The continuous ranked probability score of each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from .._distributions.expectation import NEGLIGIBLE, Quantiles, expectation
from .._distributions.parameters import parameters_of
from .._distributions.protocol import Distribution
from .._distributions.recorded import Recorded
from .._distributions.transformed import tail_indices


def crps_of_rows(y: NDArray, distribution: Distribution) -> NDArray:
    if isinstance(distribution, Recorded):
        return distribution.crps(y)
    family = getattr(getattr(distribution, "dist", None), "name", "")
    closed_form = CLOSED_FORMS.get(family)
    if closed_form is None:
        return crps_by_quadrature(y, distribution)
    shapes, loc, scale = parameters_of(distribution)
    if family != "t":
        return closed_form(y, *shapes, loc, scale)
    freedom, loc, scale, y = np.broadcast_arrays(shapes[0], loc, scale, y)
    heavy, normal = freedom <= 1, np.isinf(freedom)
    values = _crps_t(y, np.where(heavy | normal, 2.0, freedom), loc, scale)
    if np.any(normal):
        values = np.where(normal, _crps_normal(y, loc, scale), values)
    if np.any(heavy):
        values = np.array(values)
        tails = stats.t(freedom[heavy], loc[heavy], scale[heavy])
        values[heavy] = crps_by_quadrature(y[heavy], tails)
    return values


def _crps_normal(y: NDArray, loc: Any, scale: Any) -> NDArray:
    z = (y - loc) / scale
    shape = z * (2.0 * stats.norm.cdf(z) - 1.0) + 2.0 * stats.norm.pdf(z)
    return scale * (shape - 1.0 / np.sqrt(np.pi))


def _crps_t(y: NDArray, freedom: Any, loc: Any, scale: Any) -> NDArray:
    z = (y - loc) / scale
    density = 2.0 * stats.t.pdf(z, freedom) * (freedom + z**2) / (freedom - 1.0)
    # Gamma functions overflow where their ratio is near one.
    ratio = np.exp(
        special.betaln(0.5, freedom - 0.5) - 2.0 * special.betaln(0.5, freedom / 2.0)
    )
    rest = 2.0 * np.sqrt(freedom) / (freedom - 1.0) * ratio
    return scale * (z * (2.0 * stats.t.cdf(z, freedom) - 1.0) + density - rest)


def _crps_lognormal(y: NDArray, s: Any, loc: Any, scale: Any) -> NDArray:
    y = y - loc
    with np.errstate(divide="ignore"):
        z = np.log(np.maximum(y, 0.0) / scale) / s
    mean = scale * np.exp(s**2 / 2.0)
    inside = special.ndtr(z - s) - special.ndtr(-s / np.sqrt(2.0))
    return y * (2.0 * special.ndtr(z) - 1.0) - 2.0 * mean * inside


CLOSED_FORMS: dict[str, Callable[..., NDArray]] = {
    "norm": _crps_normal,
    "t": _crps_t,
    "lognorm": _crps_lognormal,
}


def crps_by_quadrature(y: NDArray, distribution: Any) -> NDArray:
    """2 E[|Y - y| P], by quadrature, with P the probability beyond Y, seen from y."""
    # F^2 and (1 - F)^2 are integrable under tails of half an order.
    exists = np.broadcast_to(np.minimum(*tail_indices(distribution)) > 0.5, y.shape)
    if not np.any(exists):
        return np.where(np.isnan(distribution.ppf(0.5) + y), np.nan, np.inf)
    own = getattr(distribution, "quantiles", None)
    quantiles = Quantiles(distribution) if own is None else own()

    def function(value: NDArray, below: NDArray, above: NDArray) -> NDArray:
        with np.errstate(over="ignore", invalid="ignore"):
            part = np.where(value < y, below, above) * np.abs(value - y)
        # The product of an infinite value and a probability of zero is zero.
        return np.where(exists & (np.minimum(below, above) > NEGLIGIBLE), part, 0.0)

    with np.errstate(all="ignore"):
        typical = np.abs(distribution.isf(0.1) - y) + np.abs(distribution.ppf(0.1) - y)
    typical = 0.1 * np.where(exists, typical, 1.0)
    value = expectation(quantiles, function, "crps_loss", typical=typical, at=y)
    return np.where(exists, 2.0 * value, np.inf)
