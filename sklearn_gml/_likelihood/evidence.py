"""Prior precisions that maximise the likelihood with the coefficients integrated out.

The evidence, also called marginal likelihood or type II likelihood. Of random effects
it is what mixed models maximise, under these names: REML and ML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._data.statistics import GaussianStatistics
from .._linalg.factor import factorize
from .._linalg.triangular import triangle
from .constant import ConstantObjective
from .estimate import Estimate
from .many_alphas import GroupedPrior, many_alphas
from .marginal import MarginalProblem
from .one_alpha import one_alpha


@dataclass(frozen=True, eq=False)
class Evidence:
    """Precisions at a maximum of the evidence.

    Attributes
    ----------
    alpha : ndarray of shape (g,)
        One for each group, in units of the noise. Infinite where the evidence is
        highest without the group, zero where it is highest without a prior.
    converged : bool
    unbounded : bool
        Whether the evidence grows without bound as alpha falls to zero. The maximum
        is then one of the others, if there are others.
    """

    alpha: np.ndarray
    converged: bool = True
    unbounded: bool = False


def maximise_evidence(
    statistics: GaussianStatistics,
    groups: Sequence[np.ndarray],
    *,
    fit_intercept: bool,
    restricted: bool,
) -> Evidence:
    """The precisions of the groups that maximise the evidence.

    Parameters
    ----------
    statistics : GaussianStatistics
    groups : sequence of ndarray of int
        Positions of the columns of each group. Columns of no group have a flat prior.
    fit_intercept : bool
    restricted : bool
        Whether parameters with a flat prior are integrated out (REML) or at their
        maximum (ML).

    Returns
    -------
    Evidence
        One group: the highest of all maxima. Several: the maximum that Newton's
        method reaches from the best alpha common to all, in units of the columns of
        each group.
    """
    members = np.concatenate([np.asarray(group, dtype=np.intp) for group in groups])
    problem = MarginalProblem.of(
        statistics, members, fit_intercept=fit_intercept, restricted=restricted
    )
    if len(groups) == 1:
        alpha, unbounded = one_alpha(problem)
        return Evidence(np.array([alpha]), unbounded=unbounded)
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    prior = GroupedPrior(problem, labels)
    if not problem.rank or not problem.targets.shape[1]:
        return Evidence(np.full(len(groups), np.inf))
    common, unbounded = one_alpha(prior.in_common_units)
    if common in (0.0, np.inf):
        common = 1.0
    alpha, converged = many_alphas(prior, prior.log_scales + np.log(common))
    return Evidence(alpha, converged, unbounded)


def log_evidence(objective: ConstantObjective, estimate: Estimate) -> float:
    """Log-likelihood with the coefficients of the prior integrated out.

    Those of a flat prior are integrated out as well, with the restricted likelihood,
    or as they were estimated.
    """
    value = objective.value(estimate.squares, estimate.sigma)
    if objective.restricted:
        return value
    flat, slopes = objective.prior.flat, objective.slopes
    root = triangle(objective.information_root[:, flat])
    sizes = objective.norms_x[slopes][flat]
    of_flat = factorize(root, sizes).log_determinant()
    if objective.fit_intercept:
        of_flat += np.log(objective.design[0, 0])
    n_targets = objective.target.shape[1]
    return value - n_targets * (objective.log_root_determinant() - of_flat)
