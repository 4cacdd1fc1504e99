"""Prior precisions that maximise the likelihood with the coefficients integrated out.

The evidence, also called marginal likelihood or type II likelihood. Of random effects
it is what mixed models maximise, under these names: REML and ML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._data.statistics import GaussianStatistics
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
