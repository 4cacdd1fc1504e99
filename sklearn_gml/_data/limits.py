"""What is known of y: its value, or limits between which it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from .._distributions.row_densities import between
from .._distributions.row_densities import exact as density_of
from .rows import Rows

Pair = tuple[float, float]

UNLIMITED: Pair = (-np.inf, np.inf)


def checked_pair(name: str, pair: Any) -> Pair:
    """``(low, high)`` of a constructor parameter, infinite where there is no limit.

    Raises
    ------
    ValueError
        If it is not None or two numbers or None, the first lower than the second.
    """
    if pair is None:
        return UNLIMITED
    try:
        low, high = pair
        low = -np.inf if low is None else float(low)
        high = np.inf if high is None else float(high)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be None or a pair (low, high) of numbers or None, got "
            f"{pair!r}."
        ) from None
    if not low < high:
        raise ValueError(
            f"{name}={pair!r}: the first limit must be lower than the second."
        )
    return low, high


@dataclass(frozen=True, eq=False)
class Limits:
    """Between which limits the y of each row lies; where they are equal, y is known.

    Attributes
    ----------
    lower, upper : ndarray of shape (n, t)
        Infinite: no limit.
    seen : tuple of float
        Rows whose y is outside of these limits were never seen.
    """

    lower: NDArray
    upper: NDArray
    seen: Pair = UNLIMITED

    @property
    def say_something(self) -> bool:
        """Whether the likelihood is not that of rows whose y are all known."""
        return self.seen != UNLIMITED or bool((self.lower != self.upper).any())

    def of_target(self, target: int, y: NDArray) -> Known:
        """What is known of one column of y."""
        return Known(y, self.lower[:, target], self.upper[:, target], self.seen)

    def log_density(self, mean: NDArray, sigma: NDArray) -> NDArray:
        """Logarithm (n, t) of the density or probability of each row."""
        mean, sigma = (values.reshape(self.lower.shape) for values in (mean, sigma))
        width = self.upper - self.lower
        exact, partly = width == 0.0, width > 0.0
        lower, upper = (self.lower - mean) / sigma, (self.upper - mean) / sigma
        value = np.empty(self.lower.shape)
        value[exact] = density_of(lower[exact], np.log(sigma[exact])).value
        value[partly] = between(
            lower[partly], upper[partly], (width / sigma)[partly]
        ).value
        if self.seen != UNLIMITED:
            low, high = (((limit - mean) / sigma).ravel() for limit in self.seen)
            width = (self.seen[1] - self.seen[0]) / sigma.ravel()
            value -= between(low, high, width).value.reshape(value.shape)
        return value

    def all_on_one_side(self, rows: Rows, target: int) -> bool:
        """Whether no row that counts has an upper limit, or none a lower one."""
        counted = slice(None) if rows.frequency is None else rows.frequency > 0
        return any(
            not np.isfinite(limits[counted, target]).any()
            for limits in (self.lower, self.upper)
        )

    def taken(self, rows: Any) -> Limits:
        """The limits of some rows."""
        return Limits(self.lower[rows], self.upper[rows], self.seen)

    def typical(self, y: NDArray) -> NDArray:
        """y (n, t) where it is known, else the limit or the middle between both."""
        middle = np.where(np.isfinite(self.lower), self.lower, self.upper)
        both = np.isfinite(self.lower) & np.isfinite(self.upper)
        middle[both] += 0.5 * (self.upper[both] - self.lower[both])
        known = (self.lower == self.upper) | ~np.isfinite(middle)
        return np.where(known, y, middle)


def limits_of(
    y: NDArray,
    y_lower: ArrayLike | None,
    y_upper: ArrayLike | None,
    censoring: Pair,
    truncation: Pair,
    counted: NDArray[np.bool_] | None = None,
) -> Limits:
    """The :class:`Limits` of validated y (n,) or (n, t), in columns.

    Where ``y_lower`` and ``y_upper`` are equal, y counts and may be censored. Rows
    that are not ``counted`` (n,) pass for known.

    Raises
    ------
    ValueError
        For limits of another shape, only one of both, NaN, a lower one above the upper,
        and a y outside of ``truncation``.
    """
    y = np.asarray(y, dtype=np.float64)
    if counted is not None:
        # Rows of weight zero may hold anything.
        y = y.copy()
        y[~counted] = np.clip(0.0, *truncation)
    shape = y.shape
    lower, upper = y.copy(), y.copy()
    lower[y <= censoring[0]] = -np.inf
    upper[y <= censoring[0]] = censoring[0]
    lower[y >= censoring[1]] = censoring[1]
    upper[y >= censoring[1]] = np.inf
    given = validated_bounds(y_lower, y_upper, shape)
    if given is not None:
        partly = given[0] != given[1]
        if counted is not None:
            partly[~counted] = False
        lower[partly], upper[partly] = given[0][partly], given[1][partly]
    _check_seen(lower, upper, truncation)
    lower, upper = np.maximum(lower, truncation[0]), np.minimum(upper, truncation[1])
    columns = (len(y), -1)
    return Limits(lower.reshape(columns), upper.reshape(columns), truncation)


def validated_bounds(
    y_lower: ArrayLike | None, y_upper: ArrayLike | None, shape: tuple[int, ...]
) -> tuple[NDArray, NDArray] | None:
    """Limits of single rows in the shape of y, or None if there are none.

    Raises
    ------
    ValueError
        For only one of both, another shape, NaN, and a lower limit above the upper.
    """
    if y_lower is None and y_upper is None:
        return None
    if y_lower is None or y_upper is None:
        missing = "y_lower" if y_lower is None else "y_upper"
        raise ValueError(
            f"{missing} is missing: y_lower and y_upper are given together. Rows "
            "without a limit on one side have an infinite one, and where both are "
            "equal y itself counts."
        )
    bounds = []
    for name, values in (("y_lower", y_lower), ("y_upper", y_upper)):
        values = check_array(
            values,
            ensure_2d=False,
            dtype=np.float64,
            ensure_all_finite=False,
            input_name=name,
        )
        if values.shape != shape:
            raise ValueError(
                f"{name} has shape {values.shape}, expected is that of y, {shape}."
            )
        if np.isnan(values).any():
            raise ValueError(
                f"{name} contains NaN: use an infinite value where there is no limit."
            )
        bounds.append(values)
    lower, upper = bounds
    wrong = (lower > upper) | ((lower == upper) & ~np.isfinite(lower))
    if wrong.any():
        row = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"y_lower must not be above y_upper, nor both be the same infinity, but in "
            f"row {row[0]} they are {lower[row]:g} and {upper[row]:g}."
        )
    return lower, upper


def _check_seen(lower, upper, truncation):
    exact = lower == upper
    outside = np.where(
        exact,
        (lower < truncation[0]) | (lower > truncation[1]),
        (upper <= truncation[0]) | (lower >= truncation[1]),
    )
    if outside.any():
        row = tuple(int(i) for i in np.argwhere(outside)[0])
        what = f"y is {lower[row]:g}" if exact[row] else "what is known of y is"
        raise ValueError(
            f"truncation={truncation!r} says that no row outside is seen, but in row "
            f"{row[0]} {what} outside: leave such rows out, or use censoring."
        )


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of one target; arrays of shape (n,)."""

    y: NDArray
    lower: NDArray
    upper: NDArray
    seen: Pair

    def kinds(self) -> Iterator[tuple[str, NDArray]]:
        """The kinds of rows and their masks; rows without any limit are in none."""
        exact = self.lower == self.upper
        n_limits = np.isfinite(self.lower).astype(int) + np.isfinite(self.upper)
        yield "exact", exact
        yield "beyond", (n_limits == 1) & ~exact
        yield "between", (n_limits == 2) & ~exact

    @property
    def is_truncated(self) -> bool:
        return self.seen != UNLIMITED
