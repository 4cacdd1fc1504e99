"""The table of a fitted model."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from numpy.typing import ArrayLike

from .._inference.estimates import check_level
from .._inference.inference import inference_of, parameter_estimates
from .._inference.leave_one_out import weighted_loo
from .._inference.table import ERROR_DIGITS, MAX_DIGITS, Summary, TargetSummary
from .fitting import fitted, rows_of_fit


class GaussianSummaryMixin:
    """The table of a fitted model.

    To stand beside :class:`~sklearn_gml._estimator.inference.GaussianInferenceMixin`.
    """

    def summary(
        self,
        level: float = 0.95,
        kind: str | None = None,
        *,
        digits: int = ERROR_DIGITS,
        feature_names: ArrayLike | None = None,
        X: Any = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
    ) -> Summary:
        """The table of what was learned: print it, or let a notebook show it.

        Parameters
        ----------
        level : float, default=0.95
            Probability of the intervals.
        kind : str, optional
            Of :meth:`coef_covariance`.
        digits : int, default=2
            Of the standard errors; estimates and limits are shown to the same place.
        feature_names : array-like of str of shape (p,), optional
            Default: ``feature_names_in_``, or ``x0``, ``x1``, ... For a model at the
            end of a pipeline see :func:`~sklearn_gml.pipeline_summary`.
        X, y, sample_weight, groups, noise_scale : array-like, optional
            The rows of the fit, for robust kinds: see :meth:`coef_covariance`. With
            constant noise they also add the expected log predictive density beside
            AIC, the sum of :meth:`loo_loglik_samples`: a fit has not kept the rows.

        Returns
        -------
        Summary
            With ``to_frame()``, if pandas is installed. Several targets are named by
            their columns if y was a data frame. With constant noise it has R^2:
            that of ``score``, rows weighted by ``1 / noise_scale**2``. Without an
            intercept it is about zero, as R and statsmodels have it, unless columns of
            X add up to a constant: then it is about the mean, as in statsmodels.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
        >>> print(GaussianMLRegressor().fit(X[["bmi", "bp"]], y).summary())
        Gaussian linear regression, constant noise, method='ml'
        n 442   rank 3   log-likelihood -2435.74   AIC 4879.49   BIC 4895.85
        <BLANKLINE>
        sigma 59.8 (56.3 to 64.3)   s 60.1   R^2 0.396
        <BLANKLINE>
                   estimate  std. error      t  p-value     95 % interval
        intercept   -204          22     -9.16  2.0e-18  -247     -160
        bmi            8.52        0.70  12.09  3.0e-29     7.13     9.90
        bp             1.38        0.23   6.15  1.7e-09     0.94     1.83
        <BLANKLINE>
        Standard errors: classical, s^2 (X'X)^-1 with s^2 = RSS / (n - rank); Student t
        with 439 degrees of freedom.
        """
        check_level(level)
        if not isinstance(digits, Integral) or not 1 <= digits <= MAX_DIGITS:
            raise ValueError(
                f"digits must be a whole number from 1 to {MAX_DIGITS}, got {digits!r}."
            )
        fit = fitted(self)
        known = inference_of(fit)
        kind = known.checked_kind(kind)
        robust = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        estimates = parameter_estimates(fit, kind, *robust, feature_names)
        figures = {
            "n": f"{fit.sum_weights:.10g}",
            "rank": f"{fit.rank}",
            "log-likelihood": f"{fit.loglik:.2f}",
            "AIC": f"{fit.aic:.2f}",
            "BIC": f"{fit.bic:.2f}",
        }
        if X is not None and y is not None and not fit.varies:
            rows = rows_of_fit(self, X, y, sample_weight, noise_scale)
            figures["leave-one-out"] = f"{weighted_loo(fit, rows):.2f}"
        return Summary(
            known.title,
            figures,
            tuple(
                TargetSummary(one, one.interval(level), of_target)
                for one, of_target in zip(
                    estimates, known.figures(level, kind), strict=True
                )
            ),
            level,
            posterior=kind == "posterior",
            notes=tuple(known.notes(kind, robust[1])),
            target_names=fit.target_names,
            digits=int(digits),
        )
