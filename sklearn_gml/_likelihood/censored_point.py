"""The likelihood of rows known in part at one point, and the step from there."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from .._linalg.triangular import EPS, ROUNDING_MARGIN, solve_uphill

# Part of the information of rows that were all known, below which a direction is
# suspected to have no maximum. Where 99 of 100 rows are censored, 1e-3 is left of it.
SUSPECTED = 1e-6

# Lengths at which the likelihood is looked at along such a direction, in standard
# errors of rows that were all known: at a maximum it has fallen by then.
PROBES = (1.0, 1e2, 1e4)

# Where a coefficient runs away alone, observed rows hold sigma: it changes by less than
# this part of the means.
FIXED_SCALE = 1e-3

# A sigma of so many distances between the limits of truncation: the curvature of log p
# changes the likelihood of 10^8 rows by less than one.
FLAT = 30.0

# What rows gain that are certain anyhow does not count.
NO_FALL = 1e-9


class CensoredPoint:
    """A :class:`~sklearn_gml._likelihood.censored.CensoredObjective` at one theta."""

    #: Newton's steps are long enough where the objective is concave.
    lengthens = False

    def __init__(self, objective: Any, theta: NDArray):
        self.objective, self.theta = objective, theta

    @property
    def inverse_sigma(self) -> float:
        """``h = 1 / m``, m the geometric mean of sigma."""
        return self.theta[self.objective.inverse_sigma_index]

    @cached_property
    def parameters(self) -> tuple[NDArray, NDArray]:
        """Those of the mean, and those of log sigma, in units of the data."""
        index = self.objective.inverse_sigma_index
        noise = self.theta[index:].copy()
        noise[0] = -np.log(self.inverse_sigma)
        return self.theta[:index] / self.inverse_sigma, noise

    @cached_property
    def sums(self):
        return self.objective.second_order(*self.parameters)

    @cached_property
    def value(self) -> float:
        """J; minus infinity outside of its domain and where sums overflow."""
        if not self.inverse_sigma > 0.0:
            return -np.inf
        value = self.loglik - 0.5 * self.theta @ self.objective.penalty @ self.theta
        return float(value) if np.isfinite(value) else -np.inf

    @property
    def loglik(self) -> float:
        return self.sums.value

    @cached_property
    def frame(self) -> NDArray:
        """Derivatives of theta by local coordinates, in which this b is the origin.

        With residuals about the fitted mean instead of y, ``delta' = delta - h b`` and
        h are as orthogonal as b and sigma are. Newton's steps are the same in all
        linear coordinates, and in these no digits are lost where sigma is small beside
        y.
        """
        index = self.objective.inverse_sigma_index
        frame = np.eye(len(self.theta))
        frame[:index, index] = self.parameters[0]
        return frame

    @cached_property
    def scale(self) -> NDArray:
        """Derivatives of mean and log sigma by their local coordinates."""
        index, sigma = self.objective.inverse_sigma_index, 1.0 / self.inverse_sigma
        scale = np.ones(len(self.theta))
        scale[:index] = sigma
        scale[index] = -sigma
        return scale

    @cached_property
    def penalty(self) -> NDArray:
        return self.frame.T @ self.objective.penalty @ self.frame

    @cached_property
    def local_gradient(self) -> NDArray:
        """dJ by the local coordinates."""
        pull = self.frame.T @ (self.objective.penalty @ self.theta)
        return self.scale * self.sums.gradient - pull

    @property
    def gradient(self) -> NDArray:
        """dJ/dtheta."""
        return linalg.solve(self.frame.T, self.local_gradient)

    @cached_property
    def information(self) -> NDArray:
        """Minus the second derivatives of J by the local coordinates."""
        index, sigma = self.objective.inverse_sigma_index, 1.0 / self.inverse_sigma
        information = np.multiply.outer(self.scale, self.scale) * self.sums.information
        # mu and log sigma are no linear functions of theta.
        bend = sigma**2 * self.sums.gradient[: index + 1]
        information[:index, index] += bend[:-1]
        information[index, :index] += bend[:-1]
        information[index, index] -= bend[-1]
        return information + self.penalty

    @cached_property
    def metric(self) -> NDArray:
        """Expected information if all y were known: positive definite everywhere."""
        known = linalg.block_diag(
            self.inverse_sigma**2 * self.objective.mean_squares,
            self.objective.noise_information,
        )
        return np.multiply.outer(self.scale, self.scale) * known + self.penalty

    @property
    def information_diagonal(self) -> NDArray:
        """Of the expected information by theta, if all y were known."""
        inverse = np.linalg.inv(self.frame)
        return np.diagonal(inverse.T @ self.metric @ inverse)

    @cached_property
    def local_step(self) -> NDArray:
        if self.objective.hopeless:
            return np.zeros_like(self.theta)
        return solve_uphill(self.information, self.local_gradient, self.metric)

    @property
    def step(self) -> NDArray:
        """Newton's, uphill also where the information is not positive definite."""
        return self.frame @ self.local_step

    @cached_property
    def gain(self) -> float:
        """What the step is predicted to gain: half of ``gradient . step``."""
        return 0.5 * float(self.local_gradient @ self.local_step)

    @cached_property
    def gain_floor(self) -> float:
        """A predicted gain that comes of rounding in the gradient.

        That of the terms of which residuals and log sigma consist, in standard errors.
        """
        terms = self.theta.copy()
        terms[self.objective.inverse_sigma_index] = 0.0
        diagonal = np.abs(np.diagonal(self.information))
        return EPS**2 * (self.sums.magnitude + np.square(terms) @ diagonal)

    @property
    def resolution(self) -> float:
        """A difference in J that cannot be told from rounding error."""
        size = self.objective.sum_weights
        return EPS * (abs(self.value) + size) + np.sqrt(size * self.gain_floor)

    @property
    def is_flat(self) -> bool:
        """Whether sigma grows for ever, rows being seen between two limits.

        What is left of the normal density is then exponential or uniform.
        """
        low, high = self.objective.seen
        return bool(1.0 > FLAT * (high - low) * self.inverse_sigma > 0.0)

    @property
    def unbounded(self) -> bool:
        """Whether sigma falls to rounding errors, or no maximum can be there."""
        return (
            self.objective.hopeless
            or self.is_flat
            or bool(ROUNDING_MARGIN**2 * self.gain_floor >= self.objective.mean_weight)
        )

    @cached_property
    def runaway(self) -> NDArray | None:
        """A direction of theta in which J rises or stays for ever, or None.

        The rows hardly determine it: J does not fall, however large it becomes.
        """
        if not np.isfinite(self.information).all():
            return None
        # Given the slopes of log sigma J is concave, so that what is flat is flat
        # for ever; with them a direction may mix one that is flat with others.
        for size in (self.objective.inverse_sigma_index + 1, len(self.theta)):
            parts, directions = linalg.eigh(
                self.information[:size, :size], self.metric[:size, :size]
            )
            for direction in directions[:, parts < SUSPECTED].T:
                flat = self.frame[:, :size] @ direction
                for signed in (flat, -flat):
                    if all(self._does_not_fall(signed, length) for length in PROBES):
                        return signed
        return None

    def _does_not_fall(self, direction, length):
        there = self.objective.at(self.theta + length * direction)
        fallen = NO_FALL * self.objective.mean_weight + self.resolution
        return there.value >= self.value - fallen

    @property
    def runaway_position(self) -> int | None:
        """Position of the column of X whose coefficient runs away; None: no column.

        The column that moves means or log sigma most along the direction.
        """
        objective, index = self.objective, self.objective.inverse_sigma_index
        if self.runaway is None:
            return None
        moved = np.linalg.solve(self.frame, self.runaway)
        parts = (objective.mean, moved[:index]), (objective.noise, moved[index:])
        spreads = [
            np.abs(part.slopes @ values) * spread
            for (part, values), spread in zip(parts, objective.spreads, strict=True)
        ]
        largest = np.concatenate(spreads)
        scale = np.abs(moved[index]) / self.inverse_sigma
        if not largest.size or scale > FIXED_SCALE * largest.max():
            return None
        columns = np.concatenate([objective.mean.columns, objective.noise.columns])
        return int(columns[np.argmax(largest)])

    @cached_property
    def degenerate(self) -> NDArray:
        """Whether there is no maximum, shape (1,)."""
        return np.array([self.unbounded or self.runaway is not None])
