"""The objective of constant noise whose targets vary together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from .._data.statistics import LOG_2PI
from .._linalg.triangular import EPS, ROUNDING_MARGIN, column_norms, triangle
from .constant import ConstantObjective, ConstantPoint, Estimate


@dataclass(frozen=True, eq=False)
class JointEstimate(Estimate):
    """Parameters of the mean and covariance matrix of the noise.

    Attributes
    ----------
    correlation_root : ndarray of shape (t, t)
        Upper triangle U with columns of length one, ``U'U`` the correlations.
    """

    correlation_root: NDArray[np.float64] | None = None


class JointPoint(ConstantPoint):
    """A point with the correlations of its residuals."""

    @property
    def smallest_root(self) -> float:
        """Singular value of the correlation root that may be rounding error alone.

        The triangle may come of a Gram matrix, whose rounding errors are squares.
        """
        relative = np.max(self.sigma_floor / np.exp(self.theta[-1]))
        of_gram = np.sqrt(ROUNDING_MARGIN * len(self._triangle) * EPS)
        return float(max(relative, of_gram))

    @cached_property
    def _triangle(self) -> NDArray[np.float64]:
        """Triangle of the residuals, columns scaled to length one."""
        objective = self.objective
        slopes = self.theta[:-1][objective.slopes]
        prior = np.sqrt(objective.prior.finite)[:, None] * slopes
        columns = np.vstack(
            [self.residual, prior, np.zeros(2 * self.residual.shape[1:])]
        )
        norms = column_norms(columns)
        return triangle(columns / np.where(norms > 0, norms, 1.0))

    @cached_property
    def dependent_targets(self) -> bool:
        """Whether a combination of targets leaves no noise to be seen."""
        left = self.objective.n_samples - self.objective.flat
        if left < len(self._triangle):
            return True
        smallest = np.linalg.svd(self._triangle, compute_uv=False)[-1]
        return bool(smallest <= self.smallest_root)

    @property
    def without_noise(self) -> NDArray[np.bool_]:
        """Which targets leave no noise to be seen by themselves, shape (t,)."""
        return super().degenerate

    @property
    def degenerate(self) -> NDArray[np.bool_]:
        """The same, and all where a combination of them leaves none."""
        return self.without_noise | self.dependent_targets

    @property
    def correlation_root(self) -> NDArray[np.float64]:
        """Upper triangle U, ``U'U`` the correlations of the noise."""
        root = self._triangle
        if self.dependent_targets:
            # Noise of the size of rounding errors keeps the matrix invertible.
            smallest = self.smallest_root * np.eye(len(root))
            root = triangle(np.vstack([root, smallest]))
        return root / column_norms(root)


class JointObjective(ConstantObjective):
    r"""Log-likelihood of targets whose noise has a covariance matrix Sigma.

    With the residuals r (k, t) of the triangular factor and :math:`S = r'r + B'AB`,

    .. math::

        J(B, \Sigma) = -\frac{n}{2} (t \log 2\pi + \log\det\Sigma)
                       - \tfrac12 \operatorname{tr} \Sigma^{-1} S

    The prior is :math:`B \sim N(0, \Sigma \otimes A^{-1})`. For any Sigma, the maximum
    over B is that of each target by itself (Zellner 1962: the columns are the same for
    all), so the maximisers are those of constant noise, and then
    :math:`\Sigma = S / n`. Its diagonal are the variances of the separate fits. With
    C their correlations, the joint log-likelihood is the sum of the separate ones
    minus :math:`\frac{n}{2} \log\det C`.

    The restricted likelihood has :math:`n - k` in place of n throughout.
    """

    point_type = JointPoint

    def __init__(self, statistics, **settings):
        super().__init__(statistics, **settings)
        self.n_samples = statistics.n_samples

    @property
    def noise_rank(self) -> float:
        """Variances and covariances, in parts for each target."""
        return (self.target.shape[1] + 1) / 2

    def estimate(self, point: JointPoint) -> JointEstimate:
        """The :class:`JointEstimate` that a point stands for."""
        return self._jointly(super().estimate(point), point)

    def refined(self, point: JointPoint, rows: Any) -> JointEstimate:
        """The estimate at a maximum, with the digits that its factor had lost."""
        return self._jointly(super().refined(point, rows), point)

    def _jointly(self, estimate: Estimate, point: JointPoint) -> JointEstimate:
        # Without refinement it is the estimate of this class already.
        if isinstance(estimate, JointEstimate):
            return estimate
        values, root = vars(estimate).copy(), point.correlation_root
        if self.restricted:
            determinant = float(np.log(np.diagonal(root)).sum())
            values["restricted_loglik"] -= self.degrees * determinant
        return JointEstimate(**values, correlation_root=root)

    def loglik(self, estimate: Estimate) -> float:
        """Log-likelihood at an estimate, without prior and without restriction."""
        root = estimate.correlation_root * estimate.sigma
        n_targets = len(root)
        scaled = estimate.coef * np.sqrt(self.prior.finite)
        prior = solve_triangular(root, scaled, trans="T") ** 2
        trace = np.sum(estimate.squares / estimate.sigma**2) - prior.sum()
        determinant = np.log(np.diagonal(root)).sum()
        value = -self.sum_weights * (0.5 * n_targets * LOG_2PI + determinant)
        return float(value - 0.5 * max(trace, 0.0) - n_targets * self.log_scale)
