"""Warnings of a fit: what the solver did not reach and what the data do not hold."""

import warnings

from sklearn.exceptions import ConvergenceWarning

from ..exceptions import DegenerateFitWarning, RankDeficiencyWarning

# From the warning out to the line that called fit: the function here, fit and
# scikit-learn's wrapper around it; the climb is called by one method more.
DATA_STACKLEVEL, SOLVER_STACKLEVEL = 4, 5


def warn_of_convergence(objectives, solutions):
    """Where a climb has ended before a maximum that is there."""
    for objective, solution in zip(objectives, solutions, strict=True):
        if solution.converged or solution.point.degenerate.any():
            continue
        remedy = ""
        if objective.varies:
            remedy = (
                " Where rows are few for the parameters of the noise, use "
                "noise_alpha > 0."
            )
        warnings.warn(
            f"GaussianMLRegressor has {solution.message}.{remedy}",
            ConvergenceWarning,
            stacklevel=SOLVER_STACKLEVEL,
        )


def warn_of_data(estimator, objectives, solutions):
    """Of rows that do not determine the model."""
    for objective, solution in zip(objectives, solutions, strict=True):
        if solution.point.degenerate.any():
            message = (
                _isolated(estimator, objective, solution.point)
                if objective.varies and not objective.saturated
                else _no_noise(estimator, objective)
            )
            warnings.warn(message, DegenerateFitWarning, stacklevel=DATA_STACKLEVEL)
            return
    objective = objectives[0]
    lost = objective.n_parameters - objective.rank
    if lost and not estimator.alpha:
        choice = (
            "Some non-negative coefficients were"
            if estimator.positive
            else "The coefficients of smallest norm were"
        )
        warnings.warn(
            f"The columns of X are collinear: {lost} of {objective.n_parameters} "
            f"directions are not identified. {choice} chosen; predictions do not "
            "depend on the choice. Drop columns or use alpha > 0.",
            RankDeficiencyWarning,
            stacklevel=DATA_STACKLEVEL,
        )


def _isolated(estimator, objective, point):
    position = objective.noise.columns[point.steepest_noise_slope]
    names = getattr(estimator, "feature_names_in_", None)
    name = f"column {position}" if names is None else repr(str(names[position]))
    reason = (
        "The restricted likelihood does not fall along the noise slope of "
        f"{name}: the rows that it moves are fitted exactly, and tell nothing of their "
        "noise. The noise slopes are one choice of many, and nothing is known of "
        "their standard errors."
        if objective.restricted
        else "The likelihood has no maximum: some rows are fitted to the last digit, "
        f"and the noise slope of {name} takes their sigma towards zero. sigma_, "
        "loglik_, aic_ and bic_ describe arithmetic."
    )
    return (
        f"{reason} Use noise_alpha > {estimator.noise_alpha:g}, leave that column out "
        "of noise_columns, or use more rows."
    )


def _no_noise(estimator, objective):
    return (
        "There is no noise left to estimate sigma from: the model has rank "
        f"{objective.rank} and the rows have sum of weights "
        f"{objective.sum_weights:g}, or it reproduces y to the last digit. The "
        "likelihood has no maximum; sigma_ is of the size of rounding errors, and "
        "loglik_, aic_ and bic_ describe arithmetic. Use more rows"
        f"{'' if estimator.alpha else ', fewer columns or alpha > 0'}."
    )
