"""The likelihood with noise that varies at one point, and the step from there."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import linalg

from .._data.row_blocks import LEFT_ON_FLOOR
from .._data.statistics import LOG_2PI, gaussian_loglik
from .._linalg.triangular import (
    EPS,
    ROUNDING_MARGIN,
    cholesky,
    column_norms,
    invert_upper,
    solve_semidefinite,
    solve_uphill,
)

# The thresholds of a point: the question that each answers, and a test that fails when
# it is moved as in brackets. Where there is none, the reason below is all there is.
#
#   NEAR            Is the maximum near enough for Newton's step?
#                   (0.001) test_likelihood_of_the_training_data; (1e6) none
#   NEAR_AT_START   The same at the start; and is a step too long to be trusted?
#   CHORD           Is the information of an earlier point still good enough?
#                   (1) test_generated_problems_converge
#   AGREEMENT       Does the observed information contradict the expected one?
#                   (1.5) test_likelihood_of_the_training_data
#   DOUBTFUL        Could a direction of the noise be without information?
#                   (0.6) test_a_maximum_is_not_called_degenerate
#   VANISHING       Is it without? (0, DOUBTFUL as well)
#                   test_an_isolated_row_is_told_of_whatever_the_solver
#   PRECISE,        Is some row fitted to the digits of float64?
#   TOO_PRECISE     (1e3) none
#   EXACTLY_FITTED  Does a row of leverage one exist? Not tried to the end.

# Squared distance from the maximum, per parameter, within which Newton's step is taken.
# At the start, where a scoring step is about as good, the cheaper has the advantage;
# later, scoring that is still on its way is slow, and Newton is worth the price.
NEAR, NEAR_AT_START = 10.0, 0.1

# A step with the information of an earlier point costs no pass over products of
# columns. It is taken while it brings the gain down to this part of the one before:
# the next is then about as good, and Newton's own would not save a step.
CHORD = 1e-3

# Both informations agree near a maximum. Where Newton's step promises so many times
# more, the observed information is nearly singular and its step leads anywhere, unless
# it is short: scoring would take hundreds of steps along so flat a direction.
AGREEMENT = 100.0

# Part of the expected information of the noise that is left in some direction, beside
# what the mean takes up. Where a maximum is well known it is a quarter and more
# (measured on designs of 5 to 200 columns); below the first, rows are looked at again.
DOUBTFUL, VANISHING = 0.05, 1e-3

# Gains that come of rounding: some row is fitted to nine or to twelve digits. Alone it
# says that y is large beside sigma, together with an information that vanishes, or is
# doubtful, that sigma falls.
PRECISE, TOO_PRECISE = 1e-12, 1e-6

# One minus a leverage of one, by rounding. Columns are orthonormal where it is found.
EXACTLY_FITTED = 1e-10


class Curvature(NamedTuple):
    """Cholesky factor of the observed information of a step, and its predicted gain."""

    factor: np.ndarray
    gain: float


class LogLinearPoint:
    """A :class:`LogLinearObjective` at one theta; computes what it is asked for."""

    near = NEAR

    @property
    def lengthens(self):
        """Whether a longer step may gain more: towards the floor, Newton's go half way.

        The gradient vanishes there like the square of the distance.
        """
        return self.at_floor

    def __init__(self, objective, theta, sums=None, inherited=None):
        self.objective, self.theta, self.inherited = objective, theta, inherited
        mean, noise = self.parameters
        self.sums = sums or objective.sums.first_order(mean, noise)
        #: ``sum_j alpha_j b_j^2 / m^2``
        self.shrinkage = mean @ objective.penalty @ mean * np.exp(-2.0 * self.gamma)

    @property
    def at_floor(self):
        """Whether the floor of sigma holds some row.

        Gamma has then no closed form, and is a parameter like the others.
        """
        return self.sums.n_at_floor > 0

    @property
    def parameters(self):
        """Those of the mean and those of the noise."""
        return np.split(self.theta, [self.objective.log_sigma_index])

    @property
    def gamma(self):
        """Logarithm of the geometric mean of sigma, if no row is at the floor."""
        return self.theta[self.objective.log_sigma_index]

    @property
    def mean_log_sigma(self):
        """Logarithm of the geometric mean of sigma."""
        return self.gamma + self.sums.raised / self.objective.sum_weights

    @cached_property
    def value(self):
        """J; minus infinity where its sums overflow."""
        terms = self.sums.squares + self.sums.magnitude + self.shrinkage
        if not np.isfinite(terms):
            return -np.inf
        _, noise = self.parameters
        prior = noise @ self.objective.noise_penalty @ noise
        return float(self.loglik_without_prior - 0.5 * (self.shrinkage + prior))

    @cached_property
    def loglik_without_prior(self):
        """Log-likelihood, or its restricted form."""
        objective = self.objective
        value = gaussian_loglik(self.sums.squares, 1.0, objective.sum_weights)
        value -= objective.sum_weights * self.gamma + self.sums.raised
        value -= objective.log_scale
        if objective.restricted:
            value += self.restriction
        return value

    @property
    def restriction(self):
        """What integrating the parameters of the mean out adds."""
        objective, upper = self.objective, self.mean_factor
        if upper is None:
            return -np.inf
        value = objective.log_volume - np.sum(np.log(np.diagonal(upper)))
        value -= objective.n_penalised * self.gamma
        return value + 0.5 * LOG_2PI * objective.flat

    @cached_property
    def gradient(self):
        """dJ/dtheta."""
        objective = self.objective
        mean, noise = self.parameters
        gradient = np.append(
            self.sums.mean - np.exp(-2.0 * self.gamma) * (objective.penalty @ mean),
            self.sums.noise - objective.noise_penalty @ noise,
        )
        index, covariance_root = objective.log_sigma_index, None
        if objective.restricted:
            covariance_root = self.mean_covariance_root
        if covariance_root is not None:
            sums = objective.sums.leverages(covariance_root, mean, noise)
            gradient[index:] += sums
        if not self.at_floor:
            gradient[index] = self.sums.squares + self.shrinkage
            gradient[index] -= objective.degrees
            return gradient
        gradient[index] += self.shrinkage - objective.sum_weights
        if covariance_root is not None and objective.prior.exists:
            white_prior = covariance_root.T @ self.prior_information @ covariance_root
            gradient[index] += np.trace(white_prior) - objective.n_penalised
        return gradient

    @property
    def prior_information(self):
        """Information of the mean that its prior adds."""
        return np.exp(-2.0 * self.gamma) * self.objective.penalty

    @cached_property
    def mean_information(self):
        """Information of the mean: expected, observed and with the prior the same."""
        objective = self.objective
        if "information" in vars(self):
            # It is there already, and need not be summed alone.
            return self.information[
                : objective.log_sigma_index, : objective.log_sigma_index
            ]
        information = objective.sums.mean_information(*self.parameters)
        return information + self.prior_information

    @cached_property
    def mean_factor(self):
        """Its Cholesky factor, None if rounding forbids one."""
        return cholesky(self.mean_information)

    @cached_property
    def mean_covariance_root(self):
        factor = self.mean_factor
        return None if factor is None else invert_upper(factor)

    @property
    def expected_information(self):
        """Of mean and noise, without a cross term."""
        return linalg.block_diag(self.mean_information, self.noise_information)

    @cached_property
    def noise_information(self):
        """Expected information of the noise, the same at all points without a floor."""
        if not self.at_floor:
            return self.objective.noise_information
        information = self.objective.sums.noise_information(*self.parameters)
        return information + self.objective.noise_penalty

    @cached_property
    def information(self):
        """Observed information, minus the second derivatives of J."""
        objective, index = self.objective, self.objective.log_sigma_index
        mean, noise = self.parameters
        information = objective.sums.information(mean, noise)
        precision = np.exp(-2.0 * self.gamma)
        information[:index, :index] += precision * objective.penalty
        information[index:, index:] += objective.noise_penalty
        pull = 2.0 * precision * (objective.penalty @ mean)
        information[:index, index] -= pull
        information[index, :index] -= pull
        information[index, index] += 2.0 * self.shrinkage
        if objective.restricted and self.mean_covariance_root is not None:
            determinant = objective.sums.determinant_information(
                self.mean_covariance_root, mean, noise, self.prior_information
            )
            # That of gamma is zero without a floor, but for rounding.
            first = 0 if self.at_floor else 1
            slopes = slice(index + first, None)
            information[slopes, slopes] += determinant[first:, first:]
        return information

    @property
    def information_diagonal(self):
        return np.diagonal(self.expected_information)

    @property
    def step(self):
        """Newton's near the maximum, a scoring step far from it."""
        return self._direction[1]

    @property
    def curvature(self):
        """The :class:`Curvature` of the step; None where there is no positive one."""
        factor, _ = self._direction
        return None if factor is None else Curvature(factor, self.gain)

    @cached_property
    def _direction(self):
        """``(factor, step)``, the factor that of :class:`Curvature` or None."""
        if self.objective.saturated:
            return None, np.zeros_like(self.theta)
        gradient = self.gradient.copy()
        gradient[self._closed_form] = 0.0
        return self._chord(gradient) or self._scoring_or_newton(gradient)

    @property
    def _closed_form(self):
        """Where theta has a closed form, which ``settled`` goes to at once: gamma."""
        index = self.objective.log_sigma_index
        return slice(index, index if self.at_floor else index + 1)

    def _chord(self, gradient):
        """The step by the curvature of an earlier point, None where it is too slow."""
        if self.inherited is None:
            return None
        step = linalg.cho_solve((self.inherited.factor, False), gradient)
        step[self._closed_form] = 0.0
        fast = 0.5 * gradient @ step <= CHORD * self.inherited.gain
        return (self.inherited.factor, step) if fast else None

    def _scoring_or_newton(self, gradient):
        """The error that scoring leaves is about ``sqrt(parameters / n)`` of the way.

        That is where the model is right, and more where it is not; the error of
        Newton's step grows with the square of the distance. Farther away the curvature
        between mean and noise leads it astray.
        """
        index, size = self.objective.log_sigma_index, self.objective.n_identified
        step = np.zeros_like(self.theta)
        # Without a floor gamma has no part in them.
        first = 0 if self.at_floor else 1
        step[index + first :] = solve_semidefinite(
            self.noise_information[first:, first:], gradient[index + first :]
        )
        newton = None
        if gradient @ step < self.near * size:
            observed = self._information_of_step
            newton = solve_uphill(observed, gradient, self.expected_information)
            newton[self._closed_form] = 0.0
        step[:index] = solve_semidefinite(self.mean_information, gradient[:index])
        promised = gradient @ step
        if newton is None or promised > 2.0 * self.near * size:
            return None, step
        length = newton @ self.expected_information @ newton
        far = length >= NEAR_AT_START * size and not self.at_floor
        if far and gradient @ newton >= AGREEMENT * promised:
            return None, step
        return cholesky(observed), newton

    @cached_property
    def _information_of_step(self):
        """The observed information, made positive where the floor alone takes that."""
        if not self.at_floor:
            return self.information
        objective, index = self.objective, self.objective.log_sigma_index
        information = self.information.copy()
        # Directions that move rows on the floor alone have no information.
        of_noise = LEFT_ON_FLOOR * objective.noise_information
        information[index:, index:] += of_noise
        if cholesky(information) is None:
            # The size of negative curvatures: rows that leave the floor do so in steps
            # as long as their way so far.
            rising = objective.sums.rising(*self.parameters)
            information[index:, index:] += 2.0 * rising
        return information

    @property
    def gain(self):
        """What the step is predicted to gain: half of ``gradient . step``."""
        return 0.5 * float(self.gradient @ self.step)

    @property
    def gain_floor(self):
        """A predicted gain that comes of rounding in the gradient.

        That of the terms of which residuals and log sigma consist, in standard errors.
        """
        index, theta = self.objective.log_sigma_index, self.theta
        factor, _ = self._direction
        diagonal = (
            np.diagonal(self.mean_information)
            if factor is None
            else np.square(column_norms(factor[:, :index]))
        )
        terms = self.sums.magnitude + theta[:index] ** 2 @ diagonal
        of_noise = np.diagonal(self.noise_information)[1:]
        return EPS**2 * (terms + theta[index + 1 :] ** 2 @ of_noise)

    @property
    def resolution(self):
        """A difference in J that cannot be told from rounding error.

        Beside that of the sum, that of the residuals times the residuals.
        """
        size = self.objective.sum_weights
        return EPS * (abs(self.value) + size) + np.sqrt(size * self.gain_floor)

    @property
    def steepest_noise_slope(self):
        """Position, among the noise columns, of the slope that log sigma follows most.

        Measured by how far it spreads log sigma over the rows; None if none moves.
        """
        noise = self.objective.noise
        slope = self.vanishing
        if slope is None:
            slope = self.step[self.objective.log_sigma_index :]
        step = noise.slopes @ slope
        spread = np.abs(step) * self.objective.noise_spread
        return int(np.argmax(spread)) if spread.any() else None

    @property
    def unbounded(self):
        """Whether some row is fitted to the last digit, its sigma falling."""
        if self.objective.link.is_bounded:
            return False
        return ROUNDING_MARGIN**2 * self.gain_floor >= 1.0

    @cached_property
    def flattest(self):
        """``(part, direction)`` of the noise, where the data say least of it.

        The smallest part of the expected information of the noise that is observed
        with the mean at its maximum for each noise.
        """
        index, information = self.objective.log_sigma_index, self.information
        if not np.isfinite(information).all():
            return -np.inf, self.step[index:]
        parts, directions = self.objective.parts_of_noise(information)
        return parts[0], directions[:, 0]

    @property
    def not_identified(self):
        """Direction of the noise in which rows are fitted exactly, whatever sigma.

        Such rows have leverage one. The restricted likelihood is the same all along
        that direction. None if there is no such direction.
        """
        objective, theta = self.objective, self.theta.copy()
        # A leverage of one is so for every sigma, and rounds least for a constant one.
        theta[objective.log_sigma_index + 1 :] = 0.0
        constant = LogLinearPoint(objective, theta)
        if constant.mean_covariance_root is None:
            return None
        taken = objective.sums.leverage_information(
            constant.mean_covariance_root, *constant.parameters
        )
        information = objective.noise_information
        parts, directions = linalg.eigh(
            information - 2.0 * taken, information, subset_by_index=[0, 0]
        )
        return directions[:, 0] if parts[0] < EXACTLY_FITTED else None

    @cached_property
    def vanishing(self):
        """Direction of the noise along which the likelihood does not fall, or None."""
        # A prior of the slopes bounds them.
        if self.objective.saturated or self.objective.noise_penalty.any():
            return None
        bounded = self.objective.link.is_bounded
        if bounded and not self.objective.restricted:
            return None
        part, direction = self.flattest
        if part > DOUBTFUL:
            return None
        precise = PRECISE if part < VANISHING else TOO_PRECISE
        if not bounded and self.gain_floor > precise:
            return direction
        return self.not_identified

    @cached_property
    def degenerate(self):
        """Whether there is no maximum, shape (1,)."""
        return np.array(
            [self.objective.saturated or self.unbounded or self.vanishing is not None]
        )
