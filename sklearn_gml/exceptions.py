"""Warnings that say what a fit could not know."""

__all__ = ["DegenerateFitWarning", "RankDeficiencyWarning"]


class DegenerateFitWarning(UserWarning):
    """The likelihood has no maximum: the model reproduces the data exactly.

    With residuals at the rounding level of ``y`` the log-likelihood grows
    without bound as sigma goes to zero. The fit stops at the rounding level
    and stays finite, but its sigma and its likelihood describe floating-point
    arithmetic, not noise.
    """


class RankDeficiencyWarning(UserWarning):
    """Some combinations of the columns of ``X`` are not identified.

    Predictions and the likelihood are unaffected. Among all coefficients that
    give them, the fit returns those of smallest Euclidean norm.
    """
