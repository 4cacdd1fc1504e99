"""Standard errors, intervals and tests of a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from .._data.limits import UNLIMITED
from .._data.rows import Rows
from .._data.validation import validate_sample_weight
from .._inference.constant import ROBUST
from .._inference.estimates import check_level, is_profile
from .._inference.hypotheses import Hypotheses
from .._inference.inference import inference_of, parameter_estimates
from .._inference.influence import checked_groups
from .._inference.marginal_effects import EFFECTS, marginal_effects
from .._inference.wald import WaldTest, wald_test
from .fitting import fitted, rows_of_fit
from .prediction import rows_without_targets


class GaussianInferenceMixin:
    """Standard errors, tests and intervals of a fitted model."""

    def parameter_names(
        self, feature_names: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """Names of the parameters, in the order of covariances, intervals and tests.

        Parameters
        ----------
        feature_names : array-like of str of shape (p,), optional
            Default: ``feature_names_in_``, or ``x0``, ``x1``, ...

        Returns
        -------
        tuple of str
            ``intercept``, if there is one, and the names of the features; with
            log-linear noise then ``log sigma: intercept`` and ``log sigma: ...`` for
            the features that drive it.

        Raises
        ------
        ValueError
            If their number is not that of the features.
        """
        return fitted(self).parameter_names(feature_names)

    def coef_covariance(
        self,
        kind: str | None = None,
        X: Any = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        noise_scale: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        r"""Covariance of the intercept and the coefficients.

        Parameters
        ----------
        kind : str, optional
            With :math:`B = (\tilde X' W \tilde X)^{-1}` of the rows with intercept,
            residuals e and leverages h of single rows:

            - ``"classical"``, the default: :math:`s^2 B` with
              :math:`s^2 = RSS / (n - rank)`, whatever the ``method``. Student's t of
              n - rank degrees of freedom then gives exact intervals and tests.
            - ``"posterior"``, the default with alpha > 0:
              :math:`\sigma^2 (\tilde X' W \tilde X + \alpha I)^{-1}` with the fitted
              sigma (the intercept is not penalised), the posterior under the prior of
              the coefficients.
            - ``"information"``: :math:`\sigma^2 B`, the inverse observed information
              at the maximum (alpha included); normal.
            - ``"HC0"`` to ``"HC3"``: right under any variances of the rows;
              :math:`B X' \mathrm{diag}(w e^2 g) X B` with g = 1, n / (n - rank),
              1 / (1 - h), 1 / (1 - h)^2 (MacKinnon and White 1985); normal.
            - ``"cluster"``: right under any dependence within groups; the scores are
              summed within each of G groups first, and
              :math:`\frac{G}{G - 1} \frac{n - 1}{n - rank}` corrects for small
              samples (Stata's and statsmodels' default, R's ``HC1`` with
              ``cadjust``); normal.

            With log-linear noise only ``"information"``, the default, and
            ``"posterior"``, with alpha or noise_alpha > 0: the inverse of the observed
            information of mean and log sigma together (minus the second derivatives
            of J); normal.
        X, y, sample_weight : array-like, optional
            The rows of the fit, as they were given to it. For the robust kinds only;
            the others need nothing but the fit.
        groups : array-like of shape (n,), optional
            For ``"cluster"``: the group of each row, none of them missing; Student t
            with one degree of freedom less than there are groups.
        noise_scale : array-like of shape (n,), optional
            As it was given to ``fit``, for the robust kinds.

        Returns
        -------
        ndarray of shape (q, q) or (t, q, q)
            In the order of :meth:`parameter_names`: the intercept, if there is one,
            then the coefficients. Standard errors are the square roots of the
            diagonal. NaN for parameters that the data do not identify, and throughout
            where n is not larger than the rank.

        Raises
        ------
        ValueError
            With ``positive=True``, where no such matrix describes the uncertainty;
            after a fit of wide sparse ``X``, which never formed the information; for
            robust kinds without the rows of the fit, and with alpha > 0.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> print(np.sqrt(np.diagonal(model.coef_covariance())).round(4))
        [0.2646 0.1414]
        >>> print(np.sqrt(np.diagonal(model.coef_covariance("HC3", X, y))).round(4))
        [0.3002 0.1539]
        """
        fit = fitted(self)
        known = inference_of(fit)
        kind = known.checked_kind(kind)
        rows, groups = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        return fit.shown(known.covariances(kind, rows, groups))

    def conf_int(
        self,
        level: float = 0.95,
        method: str = "wald",
        kind: str | None = None,
        *,
        X: Any = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        r"""Confidence intervals of the parameters; of sigma see :meth:`sigma_conf_int`.

        Parameters
        ----------
        level : float, default=0.95
            Probability that the interval covers the parameter.
        method : {"wald", "profile"}, default="wald"
            ``"wald"``: estimate plus and minus a multiple of the standard error, of
            Student's t for the classical and the posterior covariance, of the normal
            distribution for the others.

            ``"profile"``: all values that a likelihood-ratio test does not reject, the
            other parameters at their best, by the quantile of chi2(1). It is the
            likelihood that the fit has maximised (with ``method="reml"``, the other
            coefficients are integrated out).
        kind : str, optional
            Of :meth:`coef_covariance`, for ``method="wald"``.
        X, y, sample_weight, groups, noise_scale : array-like, optional
            See :meth:`coef_covariance`.

        Returns
        -------
        ndarray of shape (q, 2) or (t, q, 2)
            Lower and upper limits, a row for each of :meth:`parameter_names`.
            ``low, high = model.conf_int().T``.

        Raises
        ------
        ValueError
            As :meth:`coef_covariance`; for a ``kind`` with ``method="profile"``, and
            for a profile with alpha > 0, whose maximum is not one of a likelihood.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> print(GaussianMLRegressor().fit(X, y).conf_int().round(2))
        [[-0.04  2.24]
         [ 0.99  2.21]]
        """
        check_level(level)
        fit = fitted(self)
        known = inference_of(fit)
        if is_profile(method, kind):
            return fit.shown(known.profile_limits(level))
        kind = known.checked_kind(kind)
        rows = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        estimates = parameter_estimates(fit, kind, *rows)
        return fit.shown(np.stack([one.interval(level) for one in estimates]))

    def sigma_conf_int(
        self, level: float = 0.95, method: str = "wald", kind: str | None = None
    ) -> NDArray[np.float64]:
        r"""Confidence interval of sigma, with constant noise.

        Parameters
        ----------
        level : float, default=0.95
            Probability that the interval covers sigma.
        method : {"wald", "profile"}, default="wald"
            ``"wald"``: from ``RSS / sigma^2 ~ chi2(n - rank)``, exact, for the
            classical and the posterior ``kind``; from the information of log sigma for
            ``"information"``.

            ``"profile"``: all values that a ratio of restricted likelihoods does not
            reject, whatever the ``method`` of the fit. The plain likelihood
            ignores degrees of freedom: its 95 % intervals cover 78 % with 12 rows
            and four parameters of the mean, the restricted ones 94.6 %
            (``benchmarks/interval_coverage.py``).
        kind : {"classical", "posterior", "information"}, optional
            Of :meth:`coef_covariance`, for ``method="wald"``.

        Returns
        -------
        ndarray of shape (2,) or (t, 2)
            Lower and upper limit in units of y.

        Raises
        ------
        ValueError
            As :meth:`conf_int`; for a robust ``kind``, which does not hold for sigma;
            with log-linear noise, where sigma is no parameter: :meth:`conf_int` has
            the parameters of log sigma.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> print(GaussianMLRegressor().fit(X, y).sigma_conf_int().round(2))
        [0.16 1.99]
        """
        check_level(level)
        fit = fitted(self)
        known = inference_of(fit)
        if is_profile(method, kind):
            return fit.shown(known.sigma_profile_limits(level))
        return fit.shown(known.sigma_limits(level, known.checked_kind(kind)))

    def wald_test(
        self,
        hypotheses: Any,
        values: ArrayLike = 0.0,
        kind: str | None = None,
        *,
        level: float = 0.95,
        feature_names: Sequence[str] | None = None,
        X: Any = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
    ) -> WaldTest:
        r"""Joint test of linear hypotheses about the parameters.

        Of hypotheses ``C @ parameters == values``, with V the covariance:

        .. math::

            \frac{1}{h} (C b - v)' (C V C')^{-1} (C b - v)

        (Wald 1943; for the classical covariance the F test of least squares), without
        the division by their number h where it is compared with chi-square.

        Parameters
        ----------
        hypotheses : str, dict, array-like, data frame, or list of str and dict
            About the parameters of :meth:`parameter_names`:

            - the name of a parameter, which is equal to ``values``;
            - an equation such as ``"bmi = s5"``, ``"bmi - 2 bp = 1"`` or
              ``"bmi = bp = 0"`` (two hypotheses); commas part several. Names with
              signs in them (``+-*/=,``) stand in backticks there;
            - a dict of coefficients: ``{"bmi": 1, "bp": -1}`` is one contrast;
            - a list of these, which are tested together;
            - an array of shape (h, k) or (k,), a column for each parameter;
            - a data frame (or series), a row for each hypothesis, columns named by
              parameters. Those that it has not take no part.
        values : float or array-like of shape (h,), default=0.0
            What names and contrasts are equal to under the hypothesis. Equations say
            it themselves.
        kind : str, optional
            Of :meth:`coef_covariance`.
        level : float, default=0.95
            Probability of the intervals.
        feature_names : array-like of str of shape (p,), optional
            Default: ``feature_names_in_``, or ``x0``, ``x1``, ... For a model at the
            end of a pipeline see :func:`~sklearn_gml.pipeline_wald_test`.
        X, y, sample_weight, groups, noise_scale : array-like, optional
            See :meth:`coef_covariance`.

        Returns
        -------
        WaldTest
            ``statistic`` and ``pvalue`` of all hypotheses together; ``estimate``,
            ``standard_error`` and ``interval`` of each; ``print`` shows a table. With
            the classical covariance it is the F test, exact with constant noise, of
            (h, n - rank) degrees of freedom; with the others chi-square of h. An
            array of statistics with several targets. Contrasts that the data determine
            are tested although single coefficients may not be (all dummies of a factor
            beside an intercept); NaN where a hypothesis is about something that the
            data do not determine.

        Raises
        ------
        ValueError
            For unknown names, and names of several parameters (a column that is called
            ``intercept`` beside one); for contrasts of a wrong length, coefficients
            that are not finite, and whatever else is no hypothesis; for hypotheses
            that repeat each other; with priors: a posterior has intervals, not tests.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> print(model.wald_test(["bmi = s5", "s1 = s2 = 0"]))
        F(3, 431) = 2.013, p = 0.11
        <BLANKLINE>
                      estimate  std. error      t  p-value  95 % interval
        bmi - s5 = 0      -230         190  -1.20     0.23     -610   150
        s1 - s2 = 0      -1270         750  -1.70    0.091    -2740   200
        s2 = 0             480         340   1.41     0.16     -190  1140
        """
        check_level(level)
        fit = fitted(self)
        known = inference_of(fit)
        kind = known.checked_kind(kind)
        if fit.prior.exists or kind == "posterior":
            alpha = f"alpha={fit.settings.alpha!r}"
            if not fit.prior.exists:
                alpha = f"noise_alpha={fit.settings.noise_alpha!r}"
            raise ValueError(
                f"{alpha} gives the parameters a prior and a posterior, of which there "
                "are no tests: use conf_int, or no prior."
            )
        tested = Hypotheses.of(hypotheses, fit.parameter_names(feature_names), values)
        rows = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        return wald_test(
            known,
            tested,
            kind,
            level,
            rows=rows[0],
            groups=rows[1],
            vector_target=fit.vector_target,
            target_names=fit.target_names,
        )

    def marginal_effects(
        self,
        X: Any,
        of: str = "recorded",
        sample_weight: ArrayLike | None = None,
        *,
        noise_scale: ArrayLike | None = None,
    ) -> Any:
        """Average effects of the columns where y is recorded within limits.

        Coefficients are effects on the latent y. Of what is recorded, a unit of a
        column changes less: only the rows between the limits of ``censoring`` move.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Rows over which effects are averaged, usually those of the fit.
        of : {"recorded", "probability", "latent"}, default="recorded"
            The quantity: the mean of the recorded y, the probability that y is between
            the limits, or the mean of the latent y, whose effects are ``coef_``.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows.

        Returns
        -------
        MarginalEffects
            ``names``, ``effect`` and ``std_error`` of shape (p,) or (t, p), and
            ``conf_int(level)``. With log-linear noise a column that drives the noise
            has its effect through sigma as well. Standard errors are those of the delta
            method, the rows given.

        Raises
        ------
        ValueError
            For models without ``censoring`` or with ``truncation``; for unknown ``of``.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X = np.random.default_rng(0).normal(size=(400, 1))
        >>> noise = np.random.default_rng(1).normal(size=400)
        >>> y = np.maximum(X[:, 0] + noise, 0.0)
        >>> effects = GaussianMLRegressor(censoring=(0, None)).fit(X, y)
        >>> effects = effects.marginal_effects(X)
        >>> print(effects.effect.round(2), effects.std_error.round(2))
        [0.44] [0.03]
        """
        fit = fitted(self)
        censoring, truncation = fit.settings.limits
        if fit.counts is None or censoring == UNLIMITED or truncation != UNLIMITED:
            raise ValueError(
                "marginal_effects are those of a y that is recorded within limits: the "
                "model needs censoring=(low, high) that some row reaches, and "
                "truncation=None."
            )
        if of not in EFFECTS:
            raise ValueError(f"of must be one of {EFFECTS}, got {of!r}.")
        rows = rows_without_targets(self, X, noise_scale)
        weight = validate_sample_weight(sample_weight, rows.X)
        return marginal_effects(fit, replace(rows, frequency=weight), censoring, of)

    def _robust_rows(
        self,
        kind: str | None,
        X: Any,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        groups: Any,
        noise_scale: ArrayLike | None,
    ) -> tuple[Rows | None, Any]:
        """``(rows, groups)`` for a robust kind, else twice None."""
        if kind not in ROBUST:
            return None, None
        if X is None or y is None:
            raise ValueError(
                f"kind={kind!r} is made of the residuals of the rows, which a fit does "
                "not keep: pass the X and y that it was given."
            )
        if kind == "cluster":
            if groups is None:
                raise ValueError("kind='cluster' needs groups, the group of each row.")
            groups = checked_groups(groups)
            check_consistent_length(y, groups)
        rows = rows_of_fit(self, X, y, sample_weight, noise_scale)
        if rows.frequency is None or rows.frequency.all():
            return rows, groups
        kept = rows.frequency > 0
        scale = None if rows.noise_scale is None else rows.noise_scale[kept]
        return (
            Rows(rows.X[kept], rows.y[kept], rows.frequency[kept], scale),
            None if groups is None else groups[kept],
        )
