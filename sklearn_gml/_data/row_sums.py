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

Each is a sum over blocks of a function of the block: whoever has the rows elsewhere
adds up what this module computes there.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.linalg import blas

from .predictors import LinearPredictor
from .rows import NARROW, Rows, shift_and_scale


class Block(NamedTuple):
    """Some rows: X and y about the origin, weights as they are or None."""

    X: object
    y: np.ndarray
    weight: np.ndarray | None
    frequency: np.ndarray | None
    noise_scale: np.ndarray | None


class FirstOrder(NamedTuple):
    """Sums for value and gradient, in the parameters of the predictors."""

    squares: float
    magnitude: float
    mean: np.ndarray
    noise: np.ndarray


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
    """

    rows: Rows
    target: int
    origin: np.ndarray
    mean: LinearPredictor
    noise: LinearPredictor

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
            residual, precision = fitted(block)
            pulls = np.empty((2, len(residual)))
            np.multiply(precision, residual, out=pulls[0])
            np.multiply(pulls[0], residual, out=pulls[1])
            magnitude = precision @ np.square(block.y)
            return magnitude, pulls.sum(axis=1), pulls @ block.X

        # Far from the maximum they may overflow, and then lead nowhere.
        with np.errstate(over="ignore", invalid="ignore"):
            magnitude, pull_sums, along = self._total(sums)
            return FirstOrder(
                pull_sums[1],
                magnitude,
                self.mean.of_parameters(pull_sums[0], along[0]),
                self.noise.of_parameters(pull_sums[1], along[1]),
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

    def _gram(self, predictors, mean, noise):
        """Of ``sqrt(d) x`` for the first predictor, ``sqrt(d) r z`` for the second."""
        fitted = self._fitted(mean, noise)

        def upper(block):
            residual, precision = fitted(block)
            sqrt_precision = np.sqrt(precision)
            factors = sqrt_precision, sqrt_precision * residual
            design = _scaled(zip(predictors, factors, strict=False), block.X)
            # Half the work of a general product, which numpy's does not save here.
            if design.flags.f_contiguous:
                return (blas.dsyrk(1.0, design, trans=1),)
            return (blas.dsyrk(1.0, design.T),)

        (upper,) = self._total(upper)
        return upper + np.triu(upper, 1).T

    def leverages(self, covariance_root, mean, noise):
        """``sum h z`` in the parameters of the noise.

        ``C = covariance_root`` (q, q) has ``C C' = M^-1``, in the parameters of the
        mean.
        """

        whitened = self._whitened(covariance_root, mean, noise)

        def sums(block):
            leverage = np.square(whitened(block)).sum(axis=1)
            return leverage.sum(), block.X.T @ leverage

        return self.noise.of_parameters(*self._total(sums))

    def leverage_information(self, covariance_root, mean, noise):
        """``sum h z z'`` in the parameters of the noise."""
        whitened, predictor = self._whitened(covariance_root, mean, noise), self.noise

        def sums(block):
            leverage = np.square(whitened(block)).sum(axis=1)
            design = _scaled([(predictor, np.ones(len(leverage)))], block.X)
            return (design.T @ (design * leverage[:, None]),)

        (gram,) = self._total(sums)
        return predictor.lift.T @ gram @ predictor.lift

    def determinant_information(self, covariance_root, mean, noise):
        """Second derivatives of ``log det M / 2`` by the parameters of the noise.

        ``2 sum h z_k z_l - 2 tr(M^-1 B_k M^-1 B_l)`` with ``B_k = sum d z_k x x'``.
        """

        whitened, predictor = self._whitened(covariance_root, mean, noise), self.noise

        def sums(block):
            white = whitened(block)
            design = _scaled([(predictor, np.ones(len(white)))], block.X)
            leverage = np.square(white).sum(axis=1)
            weighted = [white.T @ (white * column[:, None]) for column in design.T]
            return design.T @ (design * leverage[:, None]), np.array(weighted)

        gram, weighted = self._total(sums)
        lift = self.noise.lift
        weighted = np.tensordot(lift.T, weighted, axes=1).reshape(lift.shape[1], -1)
        return 2.0 * (lift.T @ gram @ lift - weighted @ weighted.T)

    def _whitened(self, covariance_root, mean, noise):
        """The function ``sqrt(d) x'covariance_root`` of a block."""
        fitted, lifted = self._fitted(mean, noise), self.mean.lift @ covariance_root
        predictor = self.mean

        def whitened(block):
            _, precision = fitted(block)
            return _scaled([(predictor, np.sqrt(precision))], block.X) @ lifted

        return whitened

    def _fitted(self, mean, noise):
        """The function ``(r, d)`` of a block at the parameters."""
        intercept, slopes = self.mean.of_rows(mean)
        log_sigma_intercept, log_slopes = self.noise.of_rows(noise)
        maps = np.column_stack([slopes, log_slopes])

        def fitted(block):
            products = block.X @ maps
            precision = np.exp(-2.0 * (products[:, 1] + log_sigma_intercept))
            if block.weight is not None:
                precision *= block.weight
            return block.y - (products[:, 0] + intercept), precision

        return fitted


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
