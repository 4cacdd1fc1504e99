"""The likelihood of rows whose y is known in part: censored, interval, truncated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from .._data.density_sums import SecondOrder, sums_of_rows, total_second_order
from .._data.limits import Limits
from .._data.predictors import NoiseLink
from .._data.rows import Rows
from .._data.statistics import GaussianStatistics
from .._linalg.triangular import (
    cholesky,
    column_norms,
    invert_upper,
    solve_semidefinite,
)
from .censored_point import CensoredPoint
from .constant import ConstantObjective
from .coordinates import Part, part_of
from .estimate import Estimate
from .maximisers import VALUE_MARGIN, maximise_newton
from .prior import CoefficientPrior

# 1 / sigma is positive. L-BFGS needs a bound, in units of that of the start.
SMALLEST_INVERSE = 1e-8


# Predicted gain of a point 1e-10 standard errors from the maximum: a step further costs
# a pass over the rows and shows in no digit of a standard error.
SETTLED_GAIN = 0.5e-20


@dataclass(frozen=True, eq=False)
class CensoredEstimate(Estimate):
    """An estimate whose log-likelihood is no function of squares.

    Attributes
    ----------
    loglik : float
        Without the prior.
    """

    loglik: float = np.nan


class CensoredObjective:
    r"""Log-likelihood of rows that are known in part, for one target.

    .. math::

        J = \sum_i w_i \log p_i(\mu_i, \log\sigma_i)
            - \frac{b'Ab}{2 m^2} - \frac{\kappa |c|^2}{2}, \qquad
        \log\sigma_i = \log s_i + \gamma + \tilde z_i'c

    where :math:`p_i` is what is known of row i: a density, the probability of an
    interval, or either within the limits in which rows are seen
    (:mod:`sklearn_gml._distributions.row_densities`). All else is that of
    :class:`~sklearn_gml._likelihood.log_linear.LogLinearObjective`; constant noise has
    no slopes c.

    The parameters ``theta`` are Olsen's: :math:`\delta = b/m`, then
    :math:`h = 1/m = e^{-\gamma}`, then c. Given c, every log-density is a concave
    function of :math:`(\delta, h)`, since a normal density and the probability of an
    interval are log-concave, and the prior :math:`-\delta'A\delta/2` is quadratic. With
    constant noise and without truncation Newton's steps, halved where they overshoot,
    therefore come to the maximum if there is one. There is none where the rows can be
    separated: along some direction no known row changes and no other becomes less
    likely, for ever.

    Parameters
    ----------
    rows : Rows
    limits : Limits
    statistics : GaussianStatistics
        Of the rows without their noise scales, y in the middle of its limits or at
        the one it has.
    scaled : GaussianStatistics
        Of the same rows with their noise scales.
    target : int
    positions : ndarray of int
        Columns of X that drive the noise; none: constant noise.
    fit_intercept : bool
    alpha : float or ndarray of shape (p,)
        Prior precision, of all coefficients or of each, in units of the noise.
    noise_alpha : float
    noise_floor : float
        Of sigma, in units of that of the start.

    References
    ----------
    R. J. Olsen (1978), Note on the uniqueness of the maximum likelihood estimator for
    the Tobit model. Econometrica 46, 1211-1215.
    """

    restricted = False
    #: what makes the sums of rows and limits
    sums_of = staticmethod(sums_of_rows)
    #: The gain falls slowly where a coefficient runs away, and is looked at then.
    max_stalls = None

    def __init__(
        self,
        rows: Rows,
        limits: Limits,
        statistics: GaussianStatistics,
        scaled: GaussianStatistics,
        target: int,
        positions: NDArray[np.intp],
        *,
        fit_intercept: bool = True,
        alpha: ArrayLike = 0.0,
        noise_alpha: float = 0.0,
        noise_floor: float = 0.0,
    ):
        p = statistics.n_features
        self.fit_intercept, self.target = fit_intercept, target
        self.prior = CoefficientPrior.of(alpha, p)
        self.sum_weights = statistics.sum_weights
        self.mean_weight = statistics.sum_weights / statistics.n_samples
        self.varies = len(positions) > 0
        mean = part_of(
            statistics,
            np.arange(p),
            centred=fit_intercept,
            precision=self.prior.precision,
        )
        noise = _noise_part(statistics, positions)
        # About the means no sum cancels when it is centred.
        self.origin = statistics.mean.copy()
        if not fit_intercept:
            self.origin[p:] = 0.0
        self.mean, self.noise = (
            part.predictor(self.origin, p) for part in (mean, noise)
        )
        self.rank, self.noise_rank = mean.rank + fit_intercept, noise.rank + 1
        #: parameters of the mean with a flat prior, as far as rows identify them
        self.flat = mean.flat_rank + fit_intercept
        #: where h is in theta
        self.inverse_sigma_index = self.mean.n_parameters
        self.constant = ConstantObjective(
            scaled, fit_intercept=fit_intercept, alpha=alpha
        )
        self.link = NoiseLink()
        if noise_floor and self.varies:
            sigma = self._constant_maximum[-1]
            self.link = NoiseLink(float(np.log(noise_floor) + np.log(sigma)))
        #: limits outside of which rows are not seen
        self.seen = limits.seen
        self.sums = self.sums_of(
            rows, limits, target, self.origin, self.mean, self.noise, self.link
        )
        #: no scale and no end to the likelihood
        self.hopeless = self.saturated = limits.all_on_one_side(rows, target)

        slopes = self.mean.slopes
        pull = slopes.T @ (self.prior.precision[:, None] * slopes)
        noise_pull = noise_alpha * self.noise.slopes.T @ self.noise.slopes
        self.penalty = linalg.block_diag(pull, noise_pull)
        self.mean_squares = _squares(mean, self.sum_weights, fit_intercept)
        self.noise_information = 2.0 * _squares(noise, self.sum_weights, True)

        factor = statistics.about(statistics.mean)
        spread = column_norms(factor[:, 1 : 1 + p]) / np.sqrt(self.sum_weights)
        #: standard deviations of the columns of the mean and of log sigma
        self.spreads = spread, spread[positions]

    @cached_property
    def _constant_maximum(self):
        """``(coef, intercept, sigma)`` of least squares on limits and middles."""
        point = maximise_newton(self.constant, max_iter=1, tol=0.0).point
        return [values[self.target] for values in self.constant.in_units_of_data(point)]

    @property
    def n_parameters(self) -> int:
        """Number of parameters of the mean, identified or not."""
        return self.fit_intercept + self.mean.n_features

    def free(self, point: CensoredPoint) -> NDArray[np.bool_]:
        """All parameters: none has a closed form."""
        return np.ones(len(self.penalty), dtype=bool)

    @property
    def lower(self) -> NDArray:
        lower = np.full(len(self.penalty), -np.inf)
        index = self.inverse_sigma_index
        lower[index] = SMALLEST_INVERSE * self.start.inverse_sigma
        return lower

    def second_order(self, mean: NDArray, noise: NDArray) -> SecondOrder:
        """Sums over the rows at parameters in units of the data."""
        return total_second_order(self.sums, mean, noise)

    def at(self, theta: NDArray) -> CensoredPoint:
        """The :class:`CensoredPoint` theta."""
        return CensoredPoint(self, theta)

    def settled(self, theta: NDArray, before: Any = None) -> CensoredPoint:
        """The same: no parameter has a closed form."""
        return CensoredPoint(self, theta)

    @property
    def start(self) -> CensoredPoint:
        """Least squares on limits and middles of intervals, and constant noise."""
        coef, intercept, sigma = self._constant_maximum
        slopes = coef
        if self.mean.coordinates is not None:
            slopes = np.linalg.lstsq(self.mean.coordinates, coef, rcond=None)[0]
        theta = np.zeros(len(self.penalty))
        index = self.inverse_sigma_index
        theta[int(self.fit_intercept) : index] = slopes / sigma
        if self.fit_intercept:
            origin_x = self.origin[: self.mean.n_features]
            moved = self.mean.lift[0, 1:] @ slopes
            at_origin = intercept + origin_x @ coef - self._origin_y - moved
            theta[0] = at_origin / sigma
        theta[index] = 1.0 / sigma
        return self.at(theta)

    @property
    def _origin_y(self):
        return self.origin[self.mean.n_features + self.target]

    def effective_degrees(self, point: CensoredPoint) -> float:
        """Trace of the information that rows hold, as part of that with the prior."""
        if not self.prior.exists:
            return float(self.rank)
        index = self.inverse_sigma_index
        information = point.information[:index, :index]
        pull = self.penalty[:index, :index]
        return index - float(np.trace(solve_semidefinite(information, pull)))

    def loglik(self, estimate: CensoredEstimate) -> float:
        """Log-likelihood at an estimate, without prior."""
        return estimate.loglik

    def estimate(self, point: CensoredPoint) -> CensoredEstimate:
        """The :class:`CensoredEstimate` that a point stands for."""
        p = self.mean.n_features
        maps = [
            part.in_units_of_data(self.origin[:p]) for part in (self.mean, self.noise)
        ]
        mean, noise = (m @ part for m, part in zip(maps, point.parameters, strict=True))
        if self.fit_intercept:
            mean[0] += self._origin_y
        else:
            maps[0] = maps[0][1:]
        upper = None if point.degenerate.any() else cholesky(point.information)
        if upper is None:
            # Without a maximum there are no standard errors.
            upper = np.full((len(point.theta),) * 2, np.nan)
        root = point.scale[:, None] * invert_upper(upper)
        return CensoredEstimate(
            coef=mean[None, 1:],
            intercept=mean[:1],
            squares=np.full(1, np.nan),
            sigma=np.array([1.0 / point.inverse_sigma]),
            covariance_root=linalg.block_diag(*maps) @ root,
            noise_coef=noise[None, 1:],
            noise_intercept=noise[:1],
            spans=tuple(maps),
            log_noise_floor=np.array([self.link.log_floor]),
            n_at_floor=np.array([point.sums.n_at_floor]),
            undetermined=np.zeros((1, len(noise)), dtype=bool),
            loglik=point.loglik,
        )

    def refined(self, point: CensoredPoint, rows: Any) -> CensoredEstimate:
        """The estimate one step further, which squares the error."""
        if point.degenerate.any() or point.gain <= SETTLED_GAIN * self.mean_weight:
            return self.estimate(point)
        last = self.at(point.theta + point.step)
        if last.value < point.value - VALUE_MARGIN * point.resolution:
            return self.estimate(point)
        return self.estimate(last)


def _noise_part(statistics, positions) -> Part:
    if len(positions):
        return part_of(statistics, positions)
    return Part(
        columns=positions,
        centre=np.empty(0),
        coordinates=None,
        centred=True,
        loss=1.0,
        information_root=np.empty((0, 0)),
        n_directions=0,
        rank=0,
        flat_rank=0,
        log_volume=0.0,
        about_means=False,
    )


def _squares(part, sum_weights, centred):
    """``sum w x x'`` in the parameters of a predictor."""
    squares = part.information_root.T @ part.information_root
    return linalg.block_diag(sum_weights, squares) if centred else squares
