"""The likelihood with noise that varies, from sums over the rows."""

from dataclasses import replace

import numpy as np
from scipy import linalg

from .._data.predictors import NoiseLink
from .._data.row_sums import RowSums
from .._linalg.triangular import (
    EPS,
    ROUNDING_MARGIN,
    cholesky,
    column_norms,
    invert_upper,
    solve_semidefinite,
)
from .constant import ConstantObjective
from .coordinates import part_of
from .estimate import Estimate
from .log_linear_point import NEAR_AT_START, LogLinearPoint
from .maximisers import VALUE_MARGIN, maximise_newton
from .prior import CoefficientPrior

# Where the floor holds some row, gamma moves at once by more than this change of log
# sigma, at most so many times for one step; smaller changes are left to the steps.
SETTLED_WITHIN, MAX_SETTLEMENTS = 0.5, 5

# Eigenvalue of the information of the noise, its diagonal made one, below which a
# direction has none: the rows that it moves are on the floor. Such rows add exact
# zeros, and rounding of the others leaves about 1e-14.
ON_THE_FLOOR = 1e-12

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

    A ``noise_floor`` keeps sigma, the known noise scales apart, above this share of the
    sigma of constant noise: :math:`\log\sigma_i = \log s_i + g(\gamma + \tilde z_i'c)`
    with the link g of :class:`~sklearn_gml._data.predictors.NoiseLink`, which is the
    identity from twice the floor on. J is then bounded, and has a maximum. Where the
    floor holds some row, gamma has no closed form and takes part in the steps.

    Parameters
    ----------
    rows : Rows
    statistics : GaussianStatistics
        Of the rows without their noise scales.
    scaled : GaussianStatistics
        Of the rows with their noise scales.
    target : int
    positions : ndarray of int
        Columns of X that drive the noise.
    fit_intercept : bool
    alpha : float, ndarray of shape (p,) or CoefficientPrior
        Prior precision, of all coefficients or of each, in units of the noise.
    noise_alpha : float
    noise_floor : float
    restricted : bool
    """

    varies, row_sums = True, RowSums
    # Sigma of an isolated row falls to the rounding level in many steps.
    max_stalls = None

    def __init__(
        self,
        rows,
        statistics,
        scaled,
        target,
        positions,
        *,
        fit_intercept=True,
        alpha=0.0,
        noise_alpha=0.0,
        noise_floor=0.0,
        restricted=False,
    ):
        self.fit_intercept = fit_intercept
        self.prior = CoefficientPrior.of(alpha, statistics.n_features)
        self.restricted, self.target = restricted, target
        self.sum_weights, self.log_scale = statistics.sum_weights, scaled.log_scale
        self.mean_weight = statistics.sum_weights / statistics.n_samples
        every = np.arange(statistics.n_features)
        mean = part_of(
            statistics,
            every,
            centred=fit_intercept,
            precision=self.prior.precision,
        )
        noise = part_of(statistics, positions)
        origin = statistics.origin.copy()
        if mean.about_means or noise.about_means:
            # About another origin than the means, sums over combinations of columns
            # that are nearly constant would cancel when they are centred.
            origin = statistics.mean
        if not fit_intercept:
            origin[statistics.n_features :] = 0.0
        self.mean, self.noise = (
            part.predictor(origin, statistics.n_features) for part in (mean, noise)
        )
        self.rank, self.noise_rank = mean.rank + fit_intercept, noise.rank + 1
        self.log_volume = mean.log_volume
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
        self.lacks_weight = degrees <= 0 and not self.constant.saturated

        self.link = NoiseLink()
        if noise_floor:
            sigma = self._constant_sigma(scaled, alpha)
            self.link = NoiseLink(float(np.log(noise_floor) + np.log(sigma)))
        self.sums = self.row_sums(
            rows, target, origin, self.mean, self.noise, self.link
        )
        if self.sums.by_row:
            # What rounding has left of the means of the columns counts in combinations.
            self.noise = self.noise.about(self.sums.noise_means())
            self.sums = replace(self.sums, noise=self.noise)

    def _constant_sigma(self, scaled, alpha):
        """Sigma of constant noise, the known noise scales apart."""
        objective = ConstantObjective(
            scaled, fit_intercept=self.fit_intercept, alpha=alpha
        )
        point = maximise_newton(objective, max_iter=1, tol=0.0).point
        return np.exp(point.theta[-1, self.target])

    @property
    def n_parameters(self):
        """Number of parameters of the mean, identified or not."""
        return self.fit_intercept + self.mean.n_features

    @property
    def n_penalised(self):
        """Directions of the mean that have the prior."""
        return self.mean.n_parameters - self.flat

    @property
    def n_identified(self):
        """Parameters that the rows tell of: a prior may have added directions."""
        return self.rank + self.noise_rank

    @property
    def size(self):
        """Number of parameters."""
        return self.log_sigma_index + self.noise.n_parameters

    def free(self, point):
        """Mask of the parameters without a closed form at a point."""
        free = np.ones(self.size, dtype=bool)
        free[self.log_sigma_index] = point.at_floor
        return free

    @property
    def lower(self):
        return np.full(self.size, -np.inf)

    def at(self, theta):
        """The :class:`LogLinearPoint` theta."""
        return LogLinearPoint(self, theta)

    def settled(self, theta, before=None):
        """The point with gamma at its maximum given all the others.

        Where the floor holds some row, it is brought near that maximum only, from
        where steps find it together with the others.
        """
        inherited = before and before.curvature
        point = LogLinearPoint(self, theta, None, inherited)
        for _ in range(MAX_SETTLEMENTS):
            change = self._change_of_gamma(point)
            if change is None:
                break
            moved = point.theta.copy()
            moved[self.log_sigma_index] += change
            if not point.at_floor and point.sums.lowest + change >= self.link.threshold:
                sums = point.sums.scaled(change)
                return LogLinearPoint(self, moved, sums, inherited)
            candidate = LogLinearPoint(self, moved, None, inherited)
            if point.at_floor and candidate.value <= point.value:
                break
            point = candidate
        return point

    def _change_of_gamma(self, point):
        """Change that makes the derivative zero if rows stay as near to the floor.

        None if there is nothing to change.
        """
        sums = point.sums
        squares = sums.squares + point.shrinkage
        if not np.isfinite(squares + sums.magnitude):
            return None
        floor = (ROUNDING_MARGIN * EPS) ** 2 * max(sums.magnitude, 1.0)
        if not point.at_floor:
            return 0.5 * np.log(max(squares, floor) / self.degrees)
        # ``sum a q`` over ``sum a w``, the leverages left out.
        moving = self.sum_weights - sums.held
        squares = sums.noise[0] - sums.held + point.shrinkage
        if moving <= 0 or squares <= 0:
            return None
        change = 0.5 * np.log(max(squares, floor) / moving)
        return change if abs(change) > SETTLED_WITHIN else None

    @property
    def start(self):
        """Constant noise; log sigma by regression of the logarithms of residuals."""
        coef, intercept, sigma = self.constant.in_units_of_data(self.constant_maximum)
        theta = np.zeros(self.size)
        theta[self.log_sigma_index] = np.log(sigma[self.target])
        theta[: self.log_sigma_index] = self._mean_parameters(
            coef[self.target], intercept[self.target]
        )
        constant = theta.copy()
        if not self.saturated:
            smallest = SMALLEST_RESIDUAL * sigma[self.target]
            sums = self.sums.start(theta[: self.log_sigma_index], smallest)
            along = 2.0 * sums[1:]
            theta[self.log_sigma_index + 1 :] = solve_semidefinite(
                self.noise_information[1:, 1:], along
            )
        point = self.settled(theta)
        if point.at_floor:
            # Rows with large residuals at the floor would not move away from it.
            constant = self.settled(constant)
            point = max(point, constant, key=lambda one: one.value)
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
        sigma = np.exp(point.mean_log_sigma)
        # The scale of the prior is the one without the floor.
        shrinkage = point.shrinkage * np.exp(2.0 * (point.gamma - point.mean_log_sigma))
        if self.fit_intercept:
            mean[0] += self._origin_y
        else:
            maps[0] = maps[0][1:]
        restricted = None
        if self.restricted:
            # The coefficients are integrated out under their prior.
            restricted = point.loglik_without_prior - 0.5 * point.shrinkage
        covariance_root, undetermined = self._covariance_root(information, maps)
        return Estimate(
            mean[None, 1:],
            mean[:1],
            np.array([(point.sums.squares + shrinkage) * sigma**2]),
            np.array([sigma]),
            covariance_root,
            restricted,
            noise_coef=noise[None, 1:],
            noise_intercept=noise[:1],
            spans=tuple(maps),
            log_noise_floor=np.array([self.link.log_floor]),
            n_at_floor=np.array([point.sums.n_at_floor]),
            undetermined=undetermined[None],
        )

    def _covariance_root(self, information, maps):
        """Root of the inverse information, and the mask of ``Estimate.undetermined``.

        Directions of the noise that move nothing but rows on the floor have no observed
        information. They have the variance of the expected information without the
        floor: standard errors leave them out, predictive distributions need them.
        """
        mapped, index = linalg.block_diag(*maps), self.log_sigma_index
        undetermined = np.zeros(len(maps[1]), dtype=bool)
        of_floor = np.zeros((len(maps[1]), 0))
        if information is not None and self.link.is_bounded:
            directions, flat = self._flat_directions(information)
            if flat.any():
                moved = np.abs(maps[1] @ directions[:, flat])
                undetermined = (moved > EPS**0.5 * moved.max(axis=0)).any(axis=1)
                root, others = self._by_expected(directions, flat)
                of_floor = maps[1] @ root
                kept = linalg.block_diag(np.eye(index), others)
                information, mapped = kept.T @ information @ kept, mapped @ kept
        upper = None if information is None else cholesky(information)
        if upper is None:
            # Without a maximum there are no standard errors.
            upper = np.full((mapped.shape[1],) * 2, np.nan)
        covariance_root = np.zeros((len(mapped), len(self.noise_information) + index))
        covariance_root[:, : len(upper)] = mapped @ invert_upper(upper)
        covariance_root[len(maps[0]) :, len(upper) :] = of_floor
        return covariance_root, undetermined

    def _by_expected(self, directions, flat):
        """``(root, others)``: of flat directions, and the other ones.

        The root of the covariance of the flat directions under expected information.
        The others are orthogonal to them in expected information: without that the
        variance of rows at the floor would depend on the coordinates.
        """
        chosen, others = directions[:, flat], directions[:, ~flat]
        upper = linalg.cholesky(chosen.T @ self.noise_information @ chosen)
        root = chosen @ invert_upper(upper)
        return root, others - root @ (root.T @ self.noise_information @ others)

    def _flat_directions(self, information):
        """Directions of the noise, and the mask of those without information."""
        observed = self._observed_of_noise(information)
        scale = np.sqrt(np.abs(np.diagonal(observed)))
        scale = np.where(scale > 0, scale, 1.0)
        parts, directions = linalg.eigh(observed / np.multiply.outer(scale, scale))
        return directions / scale[:, None], np.abs(parts) < ON_THE_FLOOR

    def parts_of_noise(self, information):
        """``(parts, directions)``: what is observed of the information of the noise.

        Parts of the expected information, in growing order, that are observed with the
        mean at its maximum for each noise, and the directions of the noise.
        """
        return linalg.eigh(self._observed_of_noise(information), self.noise_information)

    def _observed_of_noise(self, information):
        """Information of the noise with the mean at its maximum for each noise."""
        index = self.log_sigma_index
        between = information[:index, index:]
        taken = between.T @ solve_semidefinite(information[:index, :index], between)
        return information[index:, index:] - taken

    def refined(self, point, rows):
        """The estimate one step further: it is known already, and squares the error.

        It is the estimate as it is if the solver stopped before a maximum.
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
