r"""Value, gradient and information of a likelihood, summed over rows of one kind.

The derivatives are those of :mod:`sklearn_gml._distributions.row_densities`. With l of
a row and its derivatives by :math:`\mu` and :math:`s = \log\sigma`, for rows x of the
mean and z of log sigma (a one in front of both) and frequencies w:

- gradient: :math:`\sum w\, l_\mu x`, :math:`\sum w\, l_s z`;
- information: :math:`-\sum w\, l_{\mu\mu} x x'`, :math:`-\sum w\, l_{\mu s} x z'`,
  :math:`-\sum w\, l_{ss} z z'`.

Near the floor of sigma (:class:`~sklearn_gml._data.predictors.NoiseLink`) the slope of
the link multiplies z, and its curvature times :math:`l_s` is added to :math:`l_{ss}`.

Rows are grouped by what is known of them; a group says what its density is, and the
sums know no more. Rows whose y is known need no second pass where the noise is
constant: their sums follow from their statistics, :class:`StatisticsSums`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from .._distributions.row_densities import RowDensity, between, beyond, exact, within
from .limits import Limits
from .predictors import LinearPredictor, NoiseLink
from .rows import Rows
from .statistics import GaussianStatistics, gaussian_loglik, statistics_of_rows


@dataclass(frozen=True, eq=False)
class SecondOrder:
    """Sums for value, gradient and information in the parameters of both predictors.

    Attributes
    ----------
    value : float
    magnitude : float
        Sum of the squares of what residuals are made of, in units of sigma.
    gradient : ndarray of shape (k,)
    information : ndarray of shape (k, k)
    n_at_floor : float
        Rows that the floor of sigma holds, by frequency.
    """

    value: float
    magnitude: float
    gradient: NDArray
    information: NDArray
    n_at_floor: float = 0.0

    def __add__(self, other: SecondOrder) -> SecondOrder:
        return SecondOrder(
            self.value + other.value,
            self.magnitude + other.magnitude,
            self.gradient + other.gradient,
            self.information + other.information,
            self.n_at_floor + other.n_at_floor,
        )


class At(NamedTuple):
    """Mean, log sigma and 1 / sigma of some rows; the mean about the origin of y."""

    mean: NDArray
    log_sigma: NDArray
    precision: NDArray


@dataclass(frozen=True, eq=False)
class Exact:
    """y is known; all arrays of these classes have shape (n,), y about its origin."""

    y: NDArray

    def density(self, rows: Any, at: At) -> RowDensity:
        return exact((self.y[rows] - at.mean) * at.precision, at.log_sigma)

    def location(self, rows: Any) -> NDArray:
        """Where y is, roughly."""
        return self.y[rows]


@dataclass(frozen=True, eq=False)
class Beyond:
    """y lies above the limit (side 1.0) or below it (-1.0)."""

    limit: NDArray
    side: NDArray

    def density(self, rows: Any, at: At) -> RowDensity:
        side = self.side[rows]
        return beyond(side * (self.limit[rows] - at.mean) * at.precision, side)

    def location(self, rows: Any) -> NDArray:
        return self.limit[rows]


@dataclass(frozen=True, eq=False)
class Between:
    """y lies between limits of which one may be infinite."""

    lower: NDArray
    upper: NDArray
    width: NDArray

    def density(self, rows: Any, at: At) -> RowDensity:
        limits = self.lower[rows], self.upper[rows]
        lower, upper = ((limit - at.mean) * at.precision for limit in limits)
        return between(lower, upper, self.width[rows] * at.precision)

    def location(self, rows: Any) -> NDArray:
        lower, upper = self.lower[rows], self.upper[rows]
        return np.where(np.isfinite(lower), lower, upper)


@dataclass(frozen=True, eq=False)
class SeenWithin:
    """y is known, and lies within limits outside of which no row is seen."""

    y: NDArray
    lower: float
    upper: float
    from_lower: NDArray
    to_upper: NDArray

    def density(self, rows: Any, at: At) -> RowDensity:
        y, lower, upper = (
            (value - at.mean) * at.precision
            for value in (self.y[rows], self.lower, self.upper)
        )
        distances = (
            distance[rows] * at.precision
            for distance in (self.from_lower, self.to_upper)
        )
        return within(y, at.log_sigma, lower, upper, *distances)

    def location(self, rows: Any) -> NDArray:
        return self.y[rows]


@dataclass(frozen=True, eq=False)
class BetweenSeenWithin:
    """y lies between limits, and rows are seen only within others."""

    known: Between
    lower: float
    upper: float

    def density(self, rows: Any, at: At) -> RowDensity:
        lower, upper = (
            (limit - at.mean) * at.precision for limit in (self.lower, self.upper)
        )
        width = (self.upper - self.lower) * at.precision
        return self.known.density(rows, at).minus(between(lower, upper, width))

    def location(self, rows: Any) -> NDArray:
        return self.known.location(rows)


@dataclass(frozen=True, eq=False)
class DensitySums:
    """The sums over rows of one group.

    Attributes
    ----------
    rows : Rows
    known : object with ``density`` and ``location``
    origin : ndarray of shape (p,)
        Of the columns of X.
    mean, noise : LinearPredictor
    link : NoiseLink
    """

    rows: Rows
    known: Any
    origin: NDArray
    mean: LinearPredictor
    noise: LinearPredictor
    link: NoiseLink

    def second_order(self, mean: NDArray, noise: NDArray) -> SecondOrder:
        """:class:`SecondOrder` at the parameters of the two predictors."""
        total = None
        with np.errstate(over="ignore", invalid="ignore"):
            # Far from the maximum they may overflow, and then lead nowhere.
            for rows, designs in self._blocks():
                part = self._of_block(rows, designs, mean, noise)
                total = part if total is None else total + part
        lift = linalg.block_diag(self.mean.lift, self.noise.lift)
        return replace(
            total,
            gradient=lift.T @ total.gradient,
            information=lift.T @ total.information @ lift,
        )

    def _blocks(self) -> Iterator[tuple[Any, list[NDArray]]]:
        """Rows block by block, with ``[1, design]`` of mean and of log sigma."""
        for rows in self.rows.slices(self.rows.block_rows):
            if self._designs is None:
                yield rows, self._designs_of(self.rows.X[rows].toarray())
            else:
                yield rows, [design[rows] for design in self._designs]

    @cached_property
    def _designs(self) -> list[NDArray] | None:
        """Of all rows, once for all steps; sparse rows stay as they are."""
        return None if sparse.issparse(self.rows.X) else self._designs_of(self.rows.X)

    def _designs_of(self, X: NDArray) -> list[NDArray]:
        X = X - self.origin
        designs = []
        for predictor in (self.mean, self.noise):
            design = predictor.design(X)
            # Column by column, which sums over columns read faster.
            whole = np.empty((len(X), 1 + design.shape[1]), order="F")
            whole[:, 0] = 1.0
            whole[:, 1:] = design
            designs.append(whole)
        return designs

    def _of_block(self, rows, designs, mean, noise):
        fitted = designs[0] @ (self.mean.lift @ mean)
        predictor = designs[1] @ (self.noise.lift @ noise)
        near_floor = self.link.is_bounded and predictor.min() < self.link.threshold
        log_sigma = self.link.log_sigma(predictor) if near_floor else predictor
        if self.rows.noise_scale is not None:
            log_sigma = log_sigma + np.log(self.rows.noise_scale[rows])
        precision = np.exp(-log_sigma)
        density = self.known.density(rows, At(fitted, log_sigma, precision))
        pulls = np.stack([density.mean * precision, density.log_sigma])
        curvatures = np.stack(
            [
                density.mean_mean * np.square(precision),
                density.mean_log_sigma * precision,
                density.log_sigma_log_sigma,
            ]
        )
        held = np.zeros(len(predictor))
        if near_floor:
            slope = self.link.slope(predictor)
            curvatures[1:] *= slope
            curvatures[2] *= slope
            curvatures[2] += density.log_sigma * self.link.curvature(predictor)
            pulls[1] *= slope
            held[predictor < self.link.threshold] = 1.0
        value, location = density.value, self.known.location(rows)
        magnitude = np.square(location * precision)
        if self.rows.frequency is not None:
            weight = self.rows.frequency[rows]
            value, magnitude, held = (
                weight * part for part in (value, magnitude, held)
            )
            pulls *= weight
            curvatures *= weight
        return SecondOrder(
            float(value.sum()),
            float(magnitude.sum()),
            np.concatenate([pulls[0] @ designs[0], pulls[1] @ designs[1]]),
            _gram(*designs, -curvatures),
            float(held.sum()),
        )


def _gram(mean, noise, weights):
    """``[M'aM, M'bN; N'bM, N'cN]`` for rows of weights (a, b, c) of any sign."""
    split = mean.shape[1]
    gram = np.empty((split + noise.shape[1],) * 2)
    gram[:split, :split] = (mean.T * weights[0]) @ mean
    gram[:split, split:] = (mean.T * weights[1]) @ noise
    gram[split:, :split] = gram[:split, split:].T
    gram[split:, split:] = (noise.T * weights[2]) @ noise
    return gram


@dataclass(frozen=True, eq=False)
class StatisticsSums:
    """The sums over rows whose y is known, with constant noise, from their statistics.

    Attributes
    ----------
    design : ndarray of shape (k, q)
        Columns of the triangular factor for the parameters of the mean.
    target : ndarray of shape (k,)
        The one of y about its origin.
    sum_weights, log_scale : float
    """

    design: NDArray
    target: NDArray
    sum_weights: float
    log_scale: float

    @classmethod
    def of(
        cls,
        statistics: GaussianStatistics,
        target: int,
        origin: NDArray,
        mean: LinearPredictor,
    ) -> StatisticsSums:
        """Of statistics, for a predictor of rows about the origin of ``[X y]``."""
        p = statistics.n_features
        factor = statistics.about(origin)
        slopes = factor[:, 1:][:, mean.columns] @ mean.slopes
        return cls(
            np.multiply.outer(factor[:, 0], mean.lift[0]) + slopes,
            factor[:, 1 + p + target],
            statistics.sum_weights,
            statistics.log_scale,
        )

    def second_order(self, mean: NDArray, noise: NDArray) -> SecondOrder:
        """:class:`SecondOrder` at the parameters of the mean and ``[log sigma]``."""
        precision = np.exp(-2.0 * noise[0])
        residual = self.target - self.design @ mean
        squares = precision * (residual @ residual)
        pull = precision * (self.design.T @ residual)
        value = gaussian_loglik(squares, 1.0, self.sum_weights) - self.log_scale
        information = np.empty((len(mean) + 1,) * 2)
        information[:-1, :-1] = precision * (self.design.T @ self.design)
        information[:-1, -1] = information[-1, :-1] = 2.0 * pull
        information[-1, -1] = 2.0 * squares
        return SecondOrder(
            float(value - self.sum_weights * noise[0]),
            float(precision * (self.target @ self.target)),
            np.append(pull, squares - self.sum_weights),
            information,
        )


def sums_of_rows(
    rows: Rows,
    limits: Limits,
    target: int,
    origin: NDArray,
    mean: LinearPredictor,
    noise: LinearPredictor,
    link: NoiseLink,
) -> list[DensitySums | StatisticsSums]:
    """The sums over all rows of one target, one object for each kind of rows."""
    p = rows.n_features
    known = limits.of_target(target, rows.y[:, target])
    constant = not len(noise.columns) and not known.is_truncated
    sums: list[DensitySums | StatisticsSums] = []
    counted = True if rows.frequency is None else rows.frequency > 0
    for kind, mask in known.kinds():
        mask = mask & counted
        if not mask.any():
            continue
        part = rows.taken(mask)
        if kind == "exact" and constant:
            statistics = statistics_of_rows(part)
            sums.append(StatisticsSums.of(statistics, target, origin, mean))
        else:
            group = _group(kind, known, mask, origin[p + target])
            sums.append(DensitySums(part, group, origin[:p], mean, noise, link))
    return sums


def _group(kind, known, mask, origin):
    """The rows of one kind, the origin of y taken away."""
    low, high = known.seen
    y = known.y[mask] - origin
    if kind == "exact" and known.is_truncated:
        from_lower, to_upper = known.y[mask] - low, high - known.y[mask]
        return SeenWithin(y, low - origin, high - origin, from_lower, to_upper)
    if kind == "exact":
        return Exact(y)
    lower, upper = known.lower[mask] - origin, known.upper[mask] - origin
    if kind == "beyond" and not known.is_truncated:
        below = np.isinf(lower)
        return Beyond(np.where(below, upper, lower), np.where(below, -1.0, 1.0))
    between = Between(lower, upper, known.upper[mask] - known.lower[mask])
    if known.is_truncated:
        return BetweenSeenWithin(between, low - origin, high - origin)
    return between


def total_second_order(
    sums: Sequence[DensitySums | StatisticsSums], mean: NDArray, noise: NDArray
) -> SecondOrder:
    """The sum over all kinds of rows."""
    first, *others = (part.second_order(mean, noise) for part in sums)
    return sum(others, start=first)
