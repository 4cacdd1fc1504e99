r"""What a likelihood with varying noise sums over the rows, block by block.

With residuals :math:`r_i = y_i - \mu_i`, precisions :math:`d_i = w_i / \sigma_i^2` and
:math:`q_i = d_i r_i^2`, for rows :math:`x_i` of the mean and :math:`z_i` of log sigma
(a one in front of both):

- first order: :math:`\sum q_i`, :math:`\sum d_i r_i x_i`, :math:`\sum q_i z_i`;
- information of the mean: :math:`\sum d_i x_i x_i'`;
- information, observed: the Gram matrix of
  :math:`[\sqrt{d_i}\, x_i,\ \sqrt{d_i}\, r_i z_i]` holds the second derivatives
  :math:`\sum d_i x_i x_i'`, :math:`2 \sum d_i r_i x_i z_i'` and
  :math:`2 \sum q_i z_i z_i'` up to the factors;
- leverages :math:`h_i = d_i x_i' M^{-1} x_i`: :math:`\sum h_i z_i`, and what the second
  derivatives of :math:`\log\det M` need.

Rows near the floor of sigma (:class:`~sklearn_gml._data.predictors.NoiseLink`) have the
derivatives a and b of log sigma by its predictor: :math:`a_i z_i` stands for
:math:`z_i`, and :math:`b_i (w_i - q_i - h_i) z_i z_i'` is added to the information. All
other rows have a = 1 and b = 0, and none of this is computed for them.

Each is a sum over blocks of a function of the block: whoever has the rows elsewhere
adds up what this module computes there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.linalg import blas

from .predictors import LinearPredictor, NoiseLink
from .rows import NARROW, Rows, shift_and_scale


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
    """A block at given parameters: residuals, precisions and the rows held."""

    residual: np.ndarray
    precision: np.ndarray
    lowest: float
    held: Held | None

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


@dataclass(frozen=True, eq=False)
class RowSums:
    """The sums, for one target.

    Attributes
    ----------
    rows : Rows
    target : int
        Column of y.
    origin : ndarray of shape (p + t,)
        Of the columns of ``[X y]``.
    mean, noise : LinearPredictor
    link : NoiseLink
    """

    rows: Rows
    target: int
    origin: np.ndarray
    mean: LinearPredictor
    noise: LinearPredictor
    link: NoiseLink

    def _total(self, function):
        """The sum of a tuple of numbers or arrays over the blocks.

        The function refers to no rows, so that it can be sent to where they are.
        """
        total = None
        for block in self._blocks():
            part = function(block)
            if total is None:
                total = part
            else:
                total = [whole + more for whole, more in zip(total, part, strict=True)]
        return total

    def _blocks(self):
        rows, p = self.rows, self.rows.n_features
        origin_x, origin_y = self.origin[:p], self.origin[p + self.target]
        moved = bool(origin_x.any())
        for kept in rows.counted(rows.block_rows):
            X = rows.X[kept]
            if moved:
                X = (X.toarray() if sparse.issparse(X) else X) - origin_x
            yield Block(
                X,
                rows.y[kept, self.target] - origin_y,
                *(
                    None if values is None else values[kept]
                    for values in (rows.weight, rows.frequency, rows.noise_scale)
                ),
            )

    def start(self, mean, smallest):
        """Sums of ``w log|r / noise_scale|``, and of the same times each column.

        Regressed on the columns of the noise, it finds sigma from far away: unlike
        squared residuals, their logarithms have no heavy tail.
        """
        intercept, slopes = self.mean.of_rows(mean)

        def logarithms(block):
            size = np.abs(block.y - (block.X @ slopes + intercept))
            if block.noise_scale is not None:
                size /= block.noise_scale
            logs = np.log(np.maximum(size, smallest))
            if block.frequency is not None:
                logs *= block.frequency
            return logs.sum(), block.X.T @ logs

        return self._total(logarithms)

    def first_order(self, mean, noise):
        """:class:`FirstOrder` at the parameters of the two predictors."""
        fitted = self._fitted(mean, noise)

        def sums(block):
            residual, precision, lowest, held = fitted(block)
            pulls = np.empty((2, len(residual)))
            np.multiply(precision, residual, out=pulls[0])
            np.multiply(pulls[0], residual, out=pulls[1])
            squares, of_floor = pulls[1].sum(), np.zeros(3)
            if held is not None:
                lost = (1.0 - held.slope) * (held.weight - pulls[1, held.rows])
                pulls[1, held.rows] += lost
                of_floor[0] = held.weight @ held.raised
                of_floor[1] = held.weight @ (1.0 - held.slope)
                of_floor[2] = held.weight.sum()
            return (
                squares,
                precision @ np.square(block.y),
                pulls.sum(axis=1),
                pulls @ block.X,
                of_floor,
                Lowest(lowest),
            )

        # Far from the maximum they may overflow, and then lead nowhere.
        with np.errstate(over="ignore", invalid="ignore"):
            squares, magnitude, pull_sums, along, of_floor, lowest = self._total(sums)
            return FirstOrder(
                squares,
                magnitude,
                self.mean.of_parameters(pull_sums[0], along[0]),
                self.noise.of_parameters(pull_sums[1], along[1]),
                *(float(part) for part in of_floor),
                float(lowest),
            )

    def mean_information(self, mean, noise):
        """``sum d x x'`` in the parameters of the mean."""
        lift = self.mean.lift
        return lift.T @ self._gram([self.mean], mean, noise) @ lift

    def information(self, mean, noise):
        """Observed information in the parameters of both, those of the mean first."""
        lift = linalg.block_diag(self.mean.lift, self.noise.lift)
        information = lift.T @ self._gram([self.mean, self.noise], mean, noise) @ lift
        split = self.mean.n_parameters
        information[split:] *= 2.0
        information[:split, split:] *= 2.0
        return information

    def noise_information(self, mean, noise):
        """``sum (2 w a^2 + b max(w - q, 0)) z z'`` in the parameters of the noise.

        The expected information where the floor holds rows, with the curvature of those
        that go on towards it: without it a step would be far too long.
        """
        fitted, predictor = self._fitted(mean, noise), self.noise

        def gram(block):
            at = fitted(block)
            weight = block.frequency
            weight = np.ones(len(block.y)) if weight is None else weight
            weight = 2.0 * at.with_slopes(at.with_slopes(weight))
            if at.held is not None:
                falling = np.maximum(at.held.weight - at.squares_held, 0.0)
                weight[at.held.rows] += at.held.curvature * falling
            return (_weighted_gram(predictor, block.X, weight),)

        (gram,) = self._total(gram)
        return predictor.lift.T @ gram @ predictor.lift

    def _gram(self, predictors, mean, noise):
        """Of ``sqrt(d) x`` for the first predictor, ``sqrt(d) r z`` for the second."""
        fitted = self._fitted(mean, noise)

        def upper(block):
            at = fitted(block)
            sqrt_precision = np.sqrt(at.precision)
            factors = sqrt_precision, at.with_slopes(sqrt_precision * at.residual)
            design = _scaled(zip(predictors, factors, strict=False), block.X)
            # Half the work of a general product, which numpy's does not save here.
            if design.flags.f_contiguous:
                gram = blas.dsyrk(1.0, design, trans=1)
            else:
                gram = blas.dsyrk(1.0, design.T)
            if at.held is not None and len(predictors) == 2:
                bent = 0.5 * _bend(predictors[1], block.X, at)
                size = len(bent)
                gram[-size:, -size:] += np.triu(bent)
            return (gram,)

        (upper,) = self._total(upper)
        return upper + np.triu(upper, 1).T

    def leverages(self, covariance_root, mean, noise):
        """``sum h a z`` in the parameters of the noise.

        ``C = covariance_root`` (q, q) has ``C C' = M^-1``, in the parameters of the
        mean.
        """

        whitened = self._whitened(covariance_root, mean, noise)

        def sums(block):
            white, at = whitened(block)
            leverage = at.with_slopes(np.square(white).sum(axis=1))
            return leverage.sum(), block.X.T @ leverage

        return self.noise.of_parameters(*self._total(sums))

    def leverage_information(self, covariance_root, mean, noise):
        """``sum h z z'`` in the parameters of the noise."""
        whitened, predictor = self._whitened(covariance_root, mean, noise), self.noise

        def sums(block):
            white, _ = whitened(block)
            leverage = np.square(white).sum(axis=1)
            design = _scaled([(predictor, np.ones(len(leverage)))], block.X)
            return (design.T @ (design * leverage[:, None]),)

        (gram,) = self._total(sums)
        return predictor.lift.T @ gram @ predictor.lift

    def determinant_information(self, covariance_root, mean, noise, penalty):
        """Second derivatives of ``log det M / 2`` by the parameters of the noise.

        ``sum (2 a^2 - b) h z_k z_l - 2 tr(M^-1 B_k M^-1 B_l)`` with
        ``B_k = sum d a z_k x x'``. For the first parameter, which scales the prior as
        well, the ``penalty`` of the mean is added to its B, and twice its trace to the
        sum.
        """

        whitened, predictor = self._whitened(covariance_root, mean, noise), self.noise

        def sums(block):
            white, at = whitened(block)
            factor = at.with_slopes(np.ones(len(white)))
            design = _scaled([(predictor, factor)], block.X)
            leverage = np.square(white).sum(axis=1)
            weighted = [white.T @ (white * column[:, None]) for column in design.T]
            gram = design.T @ (design * leverage[:, None])
            if at.held is not None:
                gram -= 0.5 * _weighted_gram(
                    predictor,
                    block.X[at.held.rows],
                    at.held.curvature * leverage[at.held.rows],
                )
            return gram, np.array(weighted)

        gram, weighted = self._total(sums)
        lift = self.noise.lift
        of_prior = covariance_root.T @ penalty @ covariance_root
        weighted = np.tensordot(lift.T, weighted, axes=1)
        weighted[0] += of_prior
        weighted = weighted.reshape(lift.shape[1], -1)
        gram = lift.T @ gram @ lift
        gram[0, 0] += np.trace(of_prior)
        return 2.0 * (gram - weighted @ weighted.T)

    def _whitened(self, covariance_root, mean, noise):
        """The function ``(sqrt(d) x'covariance_root, Fitted)`` of a block."""
        fitted, lifted = self._fitted(mean, noise), self.mean.lift @ covariance_root
        predictor = self.mean

        def whitened(block):
            at = fitted(block)
            return _scaled([(predictor, np.sqrt(at.precision))], block.X) @ lifted, at

        return whitened

    def _fitted(self, mean, noise):
        """The function :class:`Fitted` of a block at the parameters."""
        intercept, slopes = self.mean.of_rows(mean)
        log_sigma_intercept, log_slopes = self.noise.of_rows(noise)
        maps, link = np.column_stack([slopes, log_slopes]), self.link
        threshold = link.threshold if link.is_bounded else -np.inf

        def fitted(block):
            products = block.X @ maps
            predictor, held = products[:, 1] + log_sigma_intercept, None
            lowest = predictor.min() if link.is_bounded else np.inf
            if lowest < threshold:
                held = _held(link, predictor, block.frequency)
                predictor[held.rows] += held.raised
            precision = np.exp(-2.0 * predictor)
            if block.weight is not None:
                precision *= block.weight
            residual = block.y - (products[:, 0] + intercept)
            return Fitted(residual, precision, lowest, held)

        return fitted


def _held(link, predictor, frequency):
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


def _bend(predictor, X, at):
    """``sum b (w - q) z z'`` over the held rows of a block."""
    held = at.held
    weight = held.curvature * (held.weight - at.squares_held)
    return _weighted_gram(predictor, X[held.rows], weight)


def _weighted_gram(predictor, X, weight):
    """``sum weight z z'`` of rows X, the weights of any sign."""
    design = _scaled([(predictor, np.ones(len(weight)))], X)
    return design.T @ (design * weight[:, None])


def _scaled(parts, X):
    """``[f, f * design]`` side by side for each pair ``(predictor, f)``."""
    X = X.toarray() if sparse.issparse(X) else X
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
