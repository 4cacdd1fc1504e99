"""Blocks of rows at given parameters of mean and noise, and products over a block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from .rows import NARROW, shift_and_scale

# Share of their information that rows near the floor and on it keep in the metric of
# steps, which bounds steps that move them alone. The second is so small because rows
# on the floor may lie far out, and would hold all others there.
LEFT_NEAR_FLOOR, LEFT_ON_FLOOR = 1e-3, 1e-12


class Block(NamedTuple):
    """Some rows: X and y about the origin, weights as they are or None."""

    X: object
    y: np.ndarray
    weight: np.ndarray | None
    frequency: np.ndarray | None
    noise_scale: np.ndarray | None


class Lowest(float):
    """A number of which a sum over blocks or chunks keeps the lowest."""

    def __add__(self, other):
        return Lowest(min(self, other))

    def __radd__(self, nothing):
        return self


class FirstOrder(NamedTuple):
    """Sums for value and gradient, in the parameters of the predictors.

    Attributes
    ----------
    squares : float
        ``sum q``.
    magnitude : float
        ``sum d y^2``.
    mean : ndarray
        ``sum d r x``.
    noise : ndarray
        ``sum (q + (a - 1) (q - w)) z``: the gradient but for ``sum w z``, which is zero
        for columns about their means.
    raised : float
        ``sum w (log sigma - predictor)``, what the floor adds to log sigma.
    held : float
        ``sum w (1 - a)``.
    n_at_floor : float
        Rows that the floor holds, that is below twice the floor, by frequency.
    lowest : float
        The lowest predictor of log sigma; infinite where there is no floor.
    """

    squares: float
    magnitude: float
    mean: np.ndarray
    noise: np.ndarray
    raised: float
    held: float
    n_at_floor: float
    lowest: float

    def scaled(self, change: float) -> FirstOrder:
        """The sums after this change of every log sigma, where no row is held."""
        scale = np.exp(-2.0 * change)
        return self._replace(
            squares=scale * self.squares,
            magnitude=scale * self.magnitude,
            mean=scale * self.mean,
            noise=scale * self.noise,
            lowest=self.lowest + change,
        )


class Held(NamedTuple):
    """Rows of a block below twice the floor."""

    rows: np.ndarray
    weight: np.ndarray
    raised: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


class Fitted(NamedTuple):
    """A block at given parameters: residuals, precisions and the rows held.

    ``designs`` are those of mean and noise where sums are made by row, else None.
    """

    residual: np.ndarray
    precision: np.ndarray
    lowest: float
    held: Held | None
    designs: tuple | None

    @property
    def squares_held(self) -> np.ndarray:
        """``q`` of the rows held."""
        rows = self.held.rows
        return self.precision[rows] * np.square(self.residual[rows])

    def with_slopes(self, values: np.ndarray) -> np.ndarray:
        """Values of the rows times the slope of their link."""
        if self.held is None:
            return values
        values = values.copy()
        values[self.held.rows] *= self.held.slope
        return values


def held_rows(link, predictor, frequency):
    """The :class:`Held` rows, of predictors below the threshold of the link."""
    rows = np.flatnonzero(predictor < link.threshold)
    predictor = predictor[rows]
    return Held(
        rows,
        np.ones(len(rows)) if frequency is None else frequency[rows],
        link.log_sigma(predictor) - predictor,
        link.slope(predictor),
        link.curvature(predictor),
    )


def bend(predictor, X, at):
    """``sum b (w - q) z z'`` over the held rows of a block."""
    held = at.held
    weight = held.curvature * (held.weight - at.squares_held)
    return weighted_gram(predictor, X[held.rows], weight)


def weighted_gram(predictor, X, weight):
    """``sum weight z z'`` of rows X, the weights of any sign."""
    design = scaled([(predictor, np.ones(len(weight)))], X)
    return design.T @ (design * weight[:, None])


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def scaled(parts, X):
    """``[f, f * design]`` side by side for each pair ``(predictor, f)``."""
    X = dense(X)
    designs = [(predictor.design(X), factor) for predictor, factor in parts]
    width = sum(1 + design.shape[1] for design, _ in designs)
    shape = len(X), width
    scaled = np.empty(shape[::-1]).T if width < NARROW else np.empty(shape)
    start = 0
    for design, factor in designs:
        stop = start + 1 + design.shape[1]
        scaled[:, start] = factor
        shift_and_scale(design, None, factor, scaled[:, start + 1 : stop])
        start = stop
    return scaled
