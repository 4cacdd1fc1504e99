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

import numpy as np
from scipy import linalg
from scipy.linalg import blas

from .predictors import LinearPredictor, NoiseLink
from .row_blocks import (
    LEFT_NEAR_FLOOR,
    LEFT_ON_FLOOR,
    Block,
    FirstOrder,
    Fitted,
    Lowest,
    bend,
    dense,
    held_rows,
    scaled,
    weighted_gram,
)
from .rows import Rows


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
                X = dense(X) - origin_x
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
        fitted = self._fitted(mean, np.zeros(self.noise.n_parameters))
        along = self._along_noise()

        def logarithms(block):
            at = fitted(block)
            size = np.abs(at.residual)
            if block.noise_scale is not None:
                size /= block.noise_scale
            logs = np.log(np.maximum(size, smallest))
            if block.frequency is not None:
                logs *= block.frequency
            return logs.sum(), along(block, at, logs)

        return self._of_noise(*self._total(logarithms))

    @property
    def by_row(self):
        """Whether both predictors are evaluated from their designs."""
        return self.mean.by_row or self.noise.by_row

    def noise_means(self):
        """Means of the columns of the design of the noise, by frequency."""
        predictor = self.noise

        def sums(block):
            design = dense(predictor.design(block.X))
            if block.frequency is None:
                return len(design), design.sum(axis=0)
            return block.frequency.sum(), block.frequency @ design

        total, along = self._total(sums)
        return along / total

    def _along_noise(self):
        """The function ``values @ z``, z as they are or in the design."""
        if self.by_row:
            return lambda block, at, values: values @ at.designs[1]
        return lambda block, at, values: block.X.T @ values

    def _of_noise(self, total, along):
        predictor = self.noise
        turn = predictor.of_sums if self.by_row else predictor.of_parameters
        return turn(total, along)

    def first_order(self, mean, noise):
        """:class:`FirstOrder` at the parameters of the two predictors."""
        fitted, by_row = self._fitted(mean, noise), self.by_row

        def sums(block):
            residual, precision, lowest, held, designs = fitted(block)
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
                *(
                    [pull @ design for pull, design in zip(pulls, designs, strict=True)]
                    if by_row
                    else pulls @ block.X
                ),
                of_floor,
                Lowest(lowest),
            )

        # Far from the maximum they may overflow, and then lead nowhere.
        with np.errstate(over="ignore", invalid="ignore"):
            squares, magnitude, pull_sums, along_mean, along_noise, of_floor, lowest = (
                self._total(sums)
            )
            turn = self.mean.of_sums if by_row else self.mean.of_parameters
            return FirstOrder(
                squares,
                magnitude,
                turn(pull_sums[0], along_mean),
                self._of_noise(pull_sums[1], along_noise),
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
        """``sum (2 w max(a^2, e) + b max(w - q, 0)) z z'`` of the noise.

        The expected information where the floor holds rows, with the curvature of those
        that go on towards it, and no less than a share e of what it is without a floor:
        else a step would be far too long.
        """
        fitted, predictor = self._fitted(mean, noise), self.noise

        def gram(block):
            at = fitted(block)
            weight = block.frequency
            weight = np.ones(len(block.y)) if weight is None else weight
            weight = 2.0 * weight
            if at.held is not None:
                held = at.held
                falling = np.maximum(held.weight - at.squares_held, 0.0)
                least = np.where(held.slope > 0, LEFT_NEAR_FLOOR, LEFT_ON_FLOOR)
                weight[held.rows] *= np.maximum(held.slope**2, least)
                weight[held.rows] += held.curvature * falling
            return (weighted_gram(predictor, block.X, weight),)

        (gram,) = self._total(gram)
        return predictor.lift.T @ gram @ predictor.lift

    def rising(self, mean, noise):
        """``sum b max(q - w, 0) z z'``: what makes the observed information indefinite.

        Of rows that the floor holds although their residuals ask for a larger sigma.
        """
        fitted, predictor = self._fitted(mean, noise), self.noise
        size = len(predictor.lift)

        def gram(block):
            at = fitted(block)
            if at.held is None:
                return (np.zeros((size, size)),)
            held = at.held
            weight = held.curvature * np.maximum(at.squares_held - held.weight, 0.0)
            return (weighted_gram(predictor, block.X[held.rows], weight),)

        (gram,) = self._total(gram)
        return predictor.lift.T @ gram @ predictor.lift

    def _gram(self, predictors, mean, noise):
        """Of ``sqrt(d) x`` for the first predictor, ``sqrt(d) r z`` for the second."""
        fitted = self._fitted(mean, noise)

        def upper(block):
            at = fitted(block)
            sqrt_precision = np.sqrt(at.precision)
            factors = sqrt_precision, at.with_slopes(sqrt_precision * at.residual)
            design = scaled(zip(predictors, factors, strict=False), block.X)
            # Half the work of a general product, which numpy's does not save here.
            if design.flags.f_contiguous:
                gram = blas.dsyrk(1.0, design, trans=1)
            else:
                gram = blas.dsyrk(1.0, design.T)
            if at.held is not None and len(predictors) == 2:
                bent = 0.5 * bend(predictors[1], block.X, at)
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
        along = self._along_noise()

        def sums(block):
            white, at = whitened(block)
            leverage = at.with_slopes(np.square(white).sum(axis=1))
            return leverage.sum(), along(block, at, leverage)

        return self._of_noise(*self._total(sums))

    def leverage_information(self, covariance_root, mean, noise):
        """``sum h z z'`` in the parameters of the noise."""
        whitened, predictor = self._whitened(covariance_root, mean, noise), self.noise

        def sums(block):
            white, _ = whitened(block)
            leverage = np.square(white).sum(axis=1)
            design = scaled([(predictor, np.ones(len(leverage)))], block.X)
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
            design = scaled([(predictor, factor)], block.X)
            leverage = np.square(white).sum(axis=1)
            weighted = [white.T @ (white * column[:, None]) for column in design.T]
            gram = design.T @ (design * leverage[:, None])
            if at.held is not None:
                gram -= 0.5 * weighted_gram(
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
            return scaled([(predictor, np.sqrt(at.precision))], block.X) @ lifted, at

        return whitened

    def _fitted(self, mean, noise):
        """The function :class:`Fitted` of a block at the parameters."""
        intercept, slopes = self.mean.of_rows(mean)
        log_sigma_intercept, log_slopes = self.noise.of_rows(noise)
        maps, link = np.column_stack([slopes, log_slopes]), self.link
        threshold = link.threshold if link.is_bounded else -np.inf
        predictors = (self.mean, self.noise) if self.by_row else ()
        both = mean, noise

        def fitted(block):
            designs = held = None
            if predictors:
                designs = [dense(part.design(block.X)) for part in predictors]
                means, predictor = (
                    part.of_design(design, parameters)
                    for part, design, parameters in zip(
                        predictors, designs, both, strict=True
                    )
                )
            else:
                products = block.X @ maps
                predictor = products[:, 1] + log_sigma_intercept
                means = products[:, 0] + intercept
            lowest = predictor.min() if link.is_bounded else np.inf
            if lowest < threshold:
                held = held_rows(link, predictor, block.frequency)
                predictor[held.rows] += held.raised
            precision = np.exp(-2.0 * predictor)
            if block.weight is not None:
                precision *= block.weight
            return Fitted(block.y - means, precision, lowest, held, designs)

        return fitted
