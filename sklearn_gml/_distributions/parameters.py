"""Parameters and shapes of frozen distributions."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np


def parameters_of(distribution: Any) -> tuple[tuple, Any, Any]:
    """Shape parameters, loc and scale of a frozen scipy distribution."""
    return distribution.dist._parse_args(*distribution.args, **distribution.kwds)


def batch_shape(distribution: Any) -> tuple[int, ...]:
    """Shape of the array of distributions: () for one, (n,) or (n, t) for rows."""
    if not hasattr(distribution, "kwds"):
        if hasattr(distribution, "logpdf") and hasattr(distribution, "shape"):
            return distribution.shape
        raise TypeError(
            "distribution must be a frozen scipy distribution, such as "
            "scipy.stats.norm(loc, scale), or one from predict_dist, got "
            f"{type(distribution).__name__}."
        )
    parameters = (*distribution.args, *distribution.kwds.values())
    return np.broadcast_shapes(*(np.shape(values) for values in parameters))


def check_probability(name: str, value: Any) -> float:
    """The value of a parameter that is a probability, neither 0 nor 1.

    Raises
    ------
    ValueError
        If it is not, with the name of the parameter.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and 0.0 < value < 1.0):
        hint = f" Did you mean {value / 100:g}?" if number and 1 < value < 100 else ""
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}.{hint}")
    return float(value)
