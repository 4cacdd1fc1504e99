r"""The evidence of several groups of columns, each with its own alpha.

In :math:`\rho_g = \log\alpha_g`, with :math:`H = Z'Z + A`, :math:`b = H^{-1} Z'y` and
the blocks of H and b that belong to a group, the quantities of
:mod:`~sklearn_gml._likelihood.marginal` have

.. math::

    \frac{\partial h}{\partial \rho_g} &= \tfrac12 \Big(e_g
        - \nu \frac{\alpha_g |b_g|^2}{Q}\Big), \qquad
    e_g = p_g - \alpha_g \operatorname{tr} (H^{-1})_{gg} \\
    \frac{\partial e_g}{\partial \rho_h} &= \alpha_g \alpha_h
        |(H^{-1})_{gh}|^2 - \delta_{gh}\, \alpha_g \operatorname{tr} (H^{-1})_{gg} \\
    \frac{\partial\, \alpha_g |b_g|^2}{\partial \rho_h} &= \delta_{gh}\,
        \alpha_g |b_g|^2 - 2 \alpha_g \alpha_h\, b_g' (H^{-1})_{gh} b_h

where :math:`e_g` are the effective degrees of freedom of the group: at a maximum
:math:`\sigma^2 / \alpha_g` is the mean square of its coefficients for each of them. A
point costs one triangular factor of the columns.

Where :math:`\alpha_g` goes to infinity the group drops out. In
:math:`\tau_g = 1 / \alpha_g` h has there the derivative

.. math::

    \tfrac12 \Big(\nu \frac{|Z_g' r|^2}{Q} - |Z_g|^2 + |H^{-1/2} Z'Z_g|^2\Big)

with the residuals r, Q and H of the other groups. Positive, it brings a group back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .._linalg.triangular import invert_upper, solve_uphill, solve_upper
from .marginal import MarginalProblem

# Steps in log alpha are no longer than the second, and arrive where they are no longer
# than the first.
ARRIVED, LONGEST_STEP, MAX_STEPS = 1e-10, 2.0, 200

# Effective degrees of freedom of each column of a group, below which the derivative at
# infinity decides whether the group drops out. A group comes back at most so often.
NEARLY_DROPPED, MAX_RETURNS = 1e-2, 3

# As far below its singular values as this, in log alpha, a group has no prior.
LOWEST = -32.0

# Values that differ by less than this times their size are equal: sums over rows and
# columns of logarithms.
SAME_VALUE = 1e-13

MAX_HALVINGS = 30

# Share of the squares of y, below which a prior so weak that no noise is left ends.
NO_NOISE = 1e-12


@dataclass(frozen=True, eq=False)
class GroupedPrior:
    """A problem whose columns belong to groups.

    Attributes
    ----------
    problem : MarginalProblem
    group : ndarray of int, shape (p,)
        The group of each column of the problem.
    """

    problem: MarginalProblem
    group: np.ndarray

    @property
    def n_groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def sizes(self) -> np.ndarray:
        """Columns of each group."""
        return self.sums(np.ones(len(self.group)))

    @cached_property
    def log_scales(self) -> np.ndarray:
        """Logarithm of the mean square of the columns of each group."""
        squares = self.sums(np.sum(self.problem.columns**2, axis=0)) / self.sizes
        return np.log(np.where(squares > 0, squares, 1.0))

    @property
    def in_common_units(self) -> MarginalProblem:
        """The problem with columns of mean square one in each group."""
        units = np.exp(0.5 * self.log_scales)[self.group]
        return replace(self.problem, columns=self.problem.columns / units)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums (g,) over the columns of each group."""
        return np.bincount(self.group, values, minlength=self.n_groups)

    def block_sums(self, matrix: np.ndarray) -> np.ndarray:
        """Sums (g, g) over the blocks of a matrix of columns by columns."""
        member = self.group[:, None] == np.arange(self.n_groups)
        return member.T.astype(float) @ matrix @ member


class GroupedPoint:
    """h at log precisions ``rho`` (g,), infinite for groups that have dropped out."""

    def __init__(self, prior: GroupedPrior, rho: np.ndarray):
        self.prior, self.rho, problem = prior, rho, prior.problem
        self.active = np.isfinite(rho[prior.group])
        self.precision = np.exp(rho[prior.group][self.active])
        columns = problem.columns[:, self.active]
        # With each column divided by the root of its precision the prior is that of
        # one alpha, and no unit of a column hides another.
        self.scale = np.sqrt(self.precision)
        width = columns.shape[1]
        stacked = np.zeros((len(columns) + width, width + problem.targets.shape[1]))
        stacked[: len(columns), :width] = columns / self.scale
        stacked[len(columns) :, :width] = np.eye(width)
        stacked[: len(columns), width:] = problem.targets
        factor = np.linalg.qr(stacked, mode="r")
        self.upper, rest = factor[:width, :width], factor[width:, width:]
        #: coefficients in units of their prior, ``sqrt(alpha) b``
        self.coef = solve_upper(self.upper, factor[:width, width:])
        self.squares = problem.left + np.sum(rest**2, axis=0)

    @property
    def noiseless(self) -> bool:
        """Whether some target is explained whatever it is, the prior being so weak."""
        total = self.prior.problem.left + np.sum(self.prior.problem.targets**2, axis=0)
        return bool(np.any(self.squares <= NO_NOISE * total))

    @cached_property
    def value(self) -> float:
        """h; minus infinity where no square is left, and nothing can be compared."""
        if np.any(self.squares <= 0):
            return -np.inf
        logarithms = np.log(np.abs(np.diagonal(self.upper)))
        return float(
            -0.5 * self.prior.problem.degrees * np.sum(np.log(self.squares))
            - len(self.squares) * np.sum(logarithms)
        )

    @cached_property
    def _inverse(self):
        """``sqrt(A) H^-1 sqrt(A)`` (p, p), zero where groups have dropped out."""
        root = invert_upper(self.upper)
        return self._spread(self._spread(root @ root.T).T).T

    def _spread(self, values):
        """Values of active columns among zeros of the others."""
        spread = np.zeros((len(self.active), *values.shape[1:]))
        spread[self.active] = values
        return spread

    @cached_property
    def _taken(self):
        """``alpha_g tr (H^-1)_gg`` (g,): columns that the prior decides."""
        return self.prior.sums(np.diagonal(self._inverse))

    @cached_property
    def effective(self) -> np.ndarray:
        """e (g,): effective degrees of freedom of each group."""
        sizes = np.where(np.isfinite(self.rho), self.prior.sizes, 0.0)
        return sizes - self._taken

    @cached_property
    def _pulls(self):
        """``alpha_g |b_g|^2 / Q`` (g, t)."""
        squares = self._spread(self.coef**2 / self.squares)
        return np.column_stack([self.prior.sums(column) for column in squares.T])

    @cached_property
    def gradient(self) -> np.ndarray:
        problem = self.prior.problem
        return 0.5 * (
            len(self.squares) * self.effective
            - problem.degrees * self._pulls.sum(axis=1)
        )

    @cached_property
    def information(self) -> np.ndarray:
        """Minus the second derivatives (g, g)."""
        prior, inverse = self.prior, self._inverse
        n_targets, degrees = len(self.squares), prior.problem.degrees
        curvature = n_targets * (
            np.diag(self._taken) - prior.block_sums(inverse * inverse)
        )
        for target, square in enumerate(self.squares):
            coef = self._spread(self.coef[:, target])
            pulls = self._pulls[:, target]
            crossed = prior.block_sums(inverse * np.multiply.outer(coef, coef))
            curvature += degrees * (
                np.diag(pulls) - 2.0 * crossed / square - np.outer(pulls, pulls)
            )
        return 0.5 * curvature

    @cached_property
    def step(self) -> np.ndarray:
        """Newton's, no longer than allowed; away from saddles."""
        free = np.isfinite(self.rho)
        metric = np.maximum(self.effective[free], NEARLY_DROPPED) * len(self.squares)
        step = np.zeros_like(self.rho)
        step[free] = solve_uphill(
            self.information[np.ix_(free, free)],
            self.gradient[free],
            np.diag(0.5 * metric),
        )
        longest = np.abs(step).max(initial=0.0)
        return step * min(1.0, LONGEST_STEP / longest) if longest else step

    def slope_at_infinity(self, groups: np.ndarray) -> np.ndarray:
        """dh/dtau (g,) of dropped groups at tau = 0; zero for all others."""
        problem, prior = self.prior.problem, self.prior
        chosen = np.isin(prior.group, groups) & ~self.active
        columns = problem.columns[:, self.active] / self.scale
        others = problem.columns[:, chosen]
        residuals = problem.targets - columns @ self.coef
        half = solve_upper(self.upper, columns.T @ others, transposed=True)
        along = np.sum((others.T @ residuals) ** 2 / self.squares, axis=1)
        spread = np.sum(others**2, axis=0) - np.sum(half**2, axis=0)
        slopes = np.zeros(len(prior.group))
        slopes[chosen] = 0.5 * (problem.degrees * along - len(self.squares) * spread)
        return prior.sums(slopes)


def many_alphas(prior: GroupedPrior, start: np.ndarray) -> tuple[np.ndarray, bool]:
    """``(alpha, converged)`` of a maximum over all groups together.

    From the log precisions ``start``, by Newton's method. The evidence may have other
    maxima. Groups of no evidence drop out on the way (alpha infinite) and are asked
    again at the end. Where the others fall together until no noise is left, every
    alpha is zero: there is nothing to weigh the groups by.
    """
    lowest = prior.log_scales + LOWEST
    point = GroupedPoint(prior, np.maximum(start, lowest))
    returns, converged = np.zeros(prior.n_groups, dtype=int), False
    for _ in range(MAX_STEPS):
        point = _without_the_idle(point)
        candidate = _uphill(point, lowest)
        moved = np.abs(_difference(candidate.rho, point.rho)).max(initial=0.0)
        point = candidate
        if point.noiseless:
            return np.zeros_like(point.rho), True
        if moved > ARRIVED:
            continue
        back = np.flatnonzero(np.isinf(point.rho) & (returns < MAX_RETURNS))
        back = back[point.slope_at_infinity(back)[back] > 0]
        if not len(back):
            converged = True
            break
        returns[back] += 1
        rho = point.rho.copy()
        rho[back] = prior.log_scales[back]
        point = GroupedPoint(prior, rho)
    return np.exp(point.rho), converged


def _uphill(point, lowest):
    """The point a step further, halved while that is lower."""
    margin = SAME_VALUE * (1.0 + abs(point.value))
    for halvings in range(MAX_HALVINGS):
        rho = np.maximum(point.rho + point.step * 0.5**halvings, lowest)
        candidate = GroupedPoint(point.prior, rho)
        if candidate.value >= point.value - margin:
            return candidate
    return point


def _without_the_idle(point):
    """The same without the groups whose alpha is better infinite.

    One after another: of two that say the same, one has to stay.
    """
    share = point.effective / point.prior.sizes
    rising = np.isfinite(point.rho) & (share < NEARLY_DROPPED) & (point.gradient > 0)
    for group in np.flatnonzero(rising):
        rho = point.rho.copy()
        rho[group] = np.inf
        candidate = GroupedPoint(point.prior, rho)
        idle = candidate.slope_at_infinity(np.array([group]))[group] <= 0
        if idle and candidate.value >= point.value:
            point = candidate
    return point


def _difference(left, right):
    finite = np.isfinite(left) & np.isfinite(right)
    return np.where(finite, left - np.where(finite, right, 0.0), 0.0)[finite]
