"""The likelihood with noise that varies, from sums over the rows."""

import numpy as np
from scipy import linalg

from .._data.row_sums import RowSums
from .._linalg.triangular import (
    EPS,
    ROUNDING_MARGIN,
    cholesky,
    column_norms,
    invert_upper,
    solve_semidefinite,
)
from .constant import ConstantObjective, Estimate
from .coordinates import part_of
from .log_linear_point import NEAR_AT_START, LogLinearPoint
from .maximisers import VALUE_MARGIN, maximise_newton
from .prior import CoefficientPrior

# Relative change of the information that standard errors do not show.
SAME_INFORMATION = 1e-10

# A residual of zero has no logarithm. One so much smaller than the noise says that
# sigma is small there, and smaller ones should not say it louder.
SMALLEST_RESIDUAL = 1e-8


class LogLinearObjective:
    r"""Log-likelihood of a linear mean with log-linear noise, for one target.

    .. math::

        J = \sum_i w_i \left[-\tfrac12 \log 2\pi - \log\sigma_i
            - \frac{r_i^2}{2\sigma_i^2}\right] - \frac{b'Ab}{2 m^2}
            - \frac{\kappa |c|^2}{2}, \qquad
        \log\sigma_i = \log s_i + \gamma + \tilde z_i'c

    with :math:`r_i = y_i - \mu_i`, the known noise scales :math:`s_i`, the columns
    :math:`\tilde z_i` about their means and :math:`m = e^\gamma`, the geometric mean of
    sigma. The parameters ``theta`` are those of the mean (the intercept first if
    there is one: the mean of y *at the mean of X*), then :math:`\gamma`, then c.

    With :math:`u_i = r_i^2/\sigma_i^2`, and a one in front of x and z:

    - gradient: :math:`\sum w_i r_i x_i/\sigma_i^2 - A b/m^2` for the mean,
      :math:`\sum w_i (u_i - 1) \tilde z_i - \kappa c` for the noise, where
      :math:`\gamma` gains :math:`b'Ab/m^2`;
    - expected information: :math:`\sum w_i x_i x_i'/\sigma_i^2` and
      :math:`2 \sum w_i \tilde z_i \tilde z_i'`, no cross term;
    - observed information: the same for the mean,
      :math:`2 \sum w_i u_i \tilde z_i \tilde z_i'` for the noise and
      :math:`2 \sum w_i r_i x_i \tilde z_i'/\sigma_i^2` between them.

    **Given sigma, one Newton step over b is weighted least squares**, and given all
    the others :math:`\gamma` has a closed form, which :meth:`settled` sets. The slopes
    c have none. Far from the maximum a step uses the expected information, which is
    positive definite everywhere (Fisher scoring), near it the observed one.

    The restricted likelihood integrates the parameters of the mean out, which adds
    :math:`-\frac12\log\det(\sum w_i x_i x_i'/\sigma_i^2 + A/m^2)
    + \frac12 \sum_{a_j > 0} \log(a_j/m^2)`: the leverages
    :math:`h_i` enter the score, :math:`\sum (w_i (u_i - 1) + h_i)\tilde z_i`.

    Parameters
    ----------
    rows : Rows
    statistics : GaussianStatistics
        Of the rows without their noise scales.
    target : int
    positions : ndarray of int
        Columns of X that drive the noise.
    fit_intercept : bool
    alpha : float or ndarray of shape (p,)
        Prior precision, of all coefficients or of each, in units of the noise.
    noise_alpha : float
    restricted : bool
    """

    varies = True
    # An isolated row ends the climb at the rounding level, many steps down.
    max_stalls = None

    def __init__(
        self,
        rows,
        statistics,
        target,
        positions,
        *,
        fit_intercept=True,
        alpha=0.0,
        noise_alpha=0.0,
        restricted=False,
    ):
        self.fit_intercept = fit_intercept
        self.prior = CoefficientPrior.of(alpha, statistics.n_features)
        self.restricted, self.target = restricted, target
        self.sum_weights, self.log_scale = statistics.sum_weights, rows.log_scale
        every = np.arange(statistics.n_features)
        mean = part_of(
            statistics,
            every,
            centred=fit_intercept,
            precision=self.prior.precision,
        )
        noise = part_of(statistics, positions)
        self.mean, self.noise = mean.predictor, noise.predictor
        self.rank, self.noise_rank = mean.rank + fit_intercept, noise.rank + 1
        self.log_volume = mean.log_volume
        origin = statistics.origin.copy()
        if not fit_intercept:
            origin[statistics.n_features :] = 0.0
        self.sums = RowSums(rows, target, origin, self.mean, self.noise)
        #: where gamma is in theta
        self.log_sigma_index = self.mean.n_parameters

        slopes = self.mean.slopes
        self.penalty = slopes.T @ (self.prior.precision[:, None] * slopes)
        self.noise_penalty = noise_alpha * self.noise.slopes.T @ self.noise.slopes
        squares = linalg.block_diag(
            self.sum_weights, noise.information_root.T @ noise.information_root
        )
        self.noise_information = 2.0 * squares + self.noise_penalty

        factor = statistics.about(statistics.mean)
        self.noise_spread = column_norms(factor[:, 1 + positions])

        self.flat = mean.flat_rank + fit_intercept
        degrees = self.sum_weights - (self.flat if restricted else 0)
        self.degrees = degrees if degrees > 0 else self.sum_weights
        self.constant = ConstantObjective(
            statistics, fit_intercept=fit_intercept, alpha=alpha
        )
        solution = maximise_newton(self.constant, max_iter=1, tol=0.0)
        self.constant_maximum = solution.point
        self.saturated = bool(degrees <= 0 or self.constant_maximum.degenerate[target])

    @property
    def n_parameters(self):
        """Number of parameters of the mean, identified or not."""
        return self.fit_intercept + self.mean.n_features

    @property
    def free(self):
        """Mask of the parameters without a closed form."""
        free = np.ones(self.log_sigma_index + self.noise.n_parameters, dtype=bool)
        free[self.log_sigma_index] = False
        return free

    @property
    def lower(self):
        return np.full(len(self.free), -np.inf)

    def at(self, theta):
        """The :class:`LogLinearPoint` theta."""
        return LogLinearPoint(self, theta)

    def settled(self, theta, before=None):
        """The point with gamma at its maximum given all the others."""
        point = LogLinearPoint(self, theta)
        squares = point.sums.squares + point.shrinkage
        if not np.isfinite(squares + point.sums.magnitude):
            return point
        floor = (ROUNDING_MARGIN * EPS) ** 2 * max(point.sums.magnitude, 1.0)
        change = 0.5 * np.log(max(squares, floor) / self.degrees)
        settled = theta.copy()
        settled[self.log_sigma_index] += change
        scale = np.exp(-2.0 * change)
        sums = point.sums._make(scale * part for part in point.sums)
        return LogLinearPoint(self, settled, sums, before and before.curvature)

    @property
    def start(self):
        """Constant noise; log sigma by regression of the logarithms of residuals."""
        coef, intercept, sigma = self.constant.in_units_of_data(self.constant_maximum)
        theta = np.zeros(len(self.free))
        theta[self.log_sigma_index] = np.log(sigma[self.target])
        theta[: self.log_sigma_index] = self._mean_parameters(
            coef[self.target], intercept[self.target]
        )
        if not self.saturated:
            smallest = SMALLEST_RESIDUAL * sigma[self.target]
            sums = self.sums.start(theta[: self.log_sigma_index], smallest)
            along = 2.0 * self.noise.of_parameters(*sums)[1:]
            theta[self.log_sigma_index + 1 :] = solve_semidefinite(
                self.noise_information[1:, 1:], along
            )
        point = self.settled(theta)
        point.near = NEAR_AT_START
        return point

    def _mean_parameters(self, coef, intercept):
        slopes = coef
        if self.mean.coordinates is not None:
            slopes = np.linalg.lstsq(self.mean.coordinates, coef, rcond=None)[0]
        if not self.fit_intercept:
            return slopes
        at_origin = intercept + self.constant.origin_x @ coef - self._origin_y
        return np.append(at_origin, slopes)

    @property
    def _origin_y(self):
        return self.sums.origin[self.mean.n_features + self.target]

    def effective_degrees(self, point) -> float:
        """Trace of the hat matrix of weighted least squares at the fitted sigma."""
        if not self.prior.exists:
            return float(self.rank)
        pull = np.exp(-2.0 * point.gamma) * self.penalty
        return self.mean.n_parameters - float(
            np.trace(solve_semidefinite(point.mean_information, pull))
        )

    # In units of m the rows are those of constant noise.
    loglik = ConstantObjective.loglik

    def estimate(self, point):
        """The :class:`Estimate` that a point stands for."""
        vanishing = point.vanishing is not None
        return self._estimate(point, None if vanishing else point.information)

    def _estimate(self, point, information):
        origin = self.sums.origin[: self.mean.n_features]
        maps = [part.in_units_of_data(origin) for part in (self.mean, self.noise)]
        mean, noise = (m @ part for m, part in zip(maps, point.parameters, strict=True))
        sigma = np.exp(point.gamma)
        if self.fit_intercept:
            mean[0] += self._origin_y
        else:
            maps[0] = maps[0][1:]
        restricted = None
        if self.restricted:
            # The coefficients are integrated out under their prior.
            restricted = point.loglik_without_prior - 0.5 * point.shrinkage
        upper = None if information is None else cholesky(information)
        if upper is None:
            # No maximum is here, and nothing is known of how surely it is known.
            upper = np.full((len(point.theta),) * 2, np.nan)
        return Estimate(
            mean[None, 1:],
            mean[:1],
            np.array([(point.sums.squares + point.shrinkage) * sigma**2]),
            np.array([sigma]),
            linalg.block_diag(*maps) @ invert_upper(upper),
            restricted,
            noise[None, 1:],
            noise[:1],
            tuple(maps),
        )

    def refined(self, point, rows):
        """The estimate one step further: it is known already, and squares the error.

        Unless it is no step to a maximum, because the climb has ended before.
        """
        if point.degenerate.any():
            return self.estimate(point)
        # With the information of the point itself, which the estimate needs anyhow.
        information = point.information
        point = LogLinearPoint(self, point.theta, point.sums)
        point.information = information
        last = self.settled(point.theta + point.step)
        if last.value < point.value - VALUE_MARGIN * point.resolution:
            return self.estimate(point)
        # The information changes by as much as log sigma does, root mean square.
        change = np.sqrt(2.0 * max(point.gain, 0.0) / self.sum_weights)
        exact = point if change < SAME_INFORMATION else last
        return self._estimate(last, exact.information)
