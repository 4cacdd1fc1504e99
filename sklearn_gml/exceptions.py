"""Warnings that say what a fit could not know."""

__all__ = [
    "DegenerateFitWarning",
    "PrecisionWarning",
    "PriorBoundWarning",
    "RankDeficiencyWarning",
]


class DegenerateFitWarning(UserWarning):
    """The likelihood has no maximum: the model reproduces the data exactly.

    With residuals at the rounding level of ``y`` the log-likelihood grows
    without bound as sigma goes to zero. The fit stops at the rounding level
    and stays finite, but its sigma and its likelihood describe floating-point
    arithmetic, not noise.
    """


class PrecisionWarning(UserWarning):
    """Predictions have lost digits that the noise shows.

    The fit itself has kept them: ``coef_``, ``sigma_`` and ``loglik_`` are right to
    many digits. But a prediction is a sum of terms, and each of them is rounded to
    some sixteen digits. Where a column carries a large constant (seconds since 1970,
    an absolute coordinate), its term is large, and the rounding errors of the sum
    exceed a hundredth of ``sigma_``: ``predict`` moves in steps, and ``score_loglik``
    of the training rows is no longer ``loglik_``. The warning names the columns.
    Subtract the constant from them and nothing is lost.
    """


class PriorBoundWarning(UserWarning):
    """``alpha="evidence"`` has ended at a bound: an alpha is infinite or zero.

    Infinite: the marginal likelihood is highest without these columns, and their
    coefficients are zero. Zero: it is highest without a prior.
    """


class RankDeficiencyWarning(UserWarning):
    """Some combinations of the columns of ``X`` are not identified.

    Predictions and the likelihood are unaffected. Among all coefficients that
    give them, the fit returns those of smallest Euclidean norm.
    """
