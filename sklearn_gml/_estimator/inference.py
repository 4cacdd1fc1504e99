"""Standard errors, intervals and tests of a fitted model."""

from dataclasses import replace

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from .._data.limits import UNLIMITED
from .._data.rows import Rows
from .._data.validation import validate_sample_weight
from .._inference.constant import ROBUST
from .._inference.estimates import HypothesisTest, check_level, contrast_matrix
from .._inference.inference import inference_of, parameter_estimates
from .._inference.marginal_effects import EFFECTS, marginal_effects
from .fitting import fitted, rows_of_fit
from .prediction import rows_without_targets


class GaussianInferenceMixin:
    """Standard errors, tests and intervals of a fitted model."""

    def parameter_names(self, feature_names=None):
        """Names of the parameters, in the order of all that is said of them.

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
        kind=None,
        X=None,
        y=None,
        sample_weight=None,
        groups=None,
        *,
        noise_scale=None,
    ):
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
        X, y, sample_weight, noise_scale : array-like, optional
            The rows of the fit, as they were given to it. For the robust kinds only;
            the others need nothing but the fit.
        groups : array-like of shape (n,), optional
            For ``"cluster"``: the group of each row, of any type that can be sorted.

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
        level=0.95,
        method="wald",
        kind=None,
        *,
        X=None,
        y=None,
        sample_weight=None,
        groups=None,
        noise_scale=None,
    ):
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
        if _is_profile(method, kind):
            return fit.shown(known.profile_limits(level))
        kind = known.checked_kind(kind)
        rows = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        estimates = parameter_estimates(fit, kind, *rows)
        return fit.shown(np.stack([one.interval(level) for one in estimates]))

    def sigma_conf_int(self, level=0.95, method="wald", kind=None):
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
            reject, whatever the ``method`` of the fit. The plain likelihood knows
            nothing of degrees of freedom: its 95 % intervals cover 78 % with 12 rows
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
            As :meth:`conf_int`; for a robust ``kind``, which says nothing of sigma;
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
        if _is_profile(method, kind):
            return fit.shown(known.sigma_profile_limits(level))
        return fit.shown(known.sigma_limits(level, known.checked_kind(kind)))

    def wald_test(
        self,
        hypotheses,
        values=0.0,
        kind=None,
        *,
        X=None,
        y=None,
        sample_weight=None,
        groups=None,
        noise_scale=None,
    ):
        """Joint test of linear hypotheses about the intercept and the coefficients.

        Parameters
        ----------
        hypotheses : str, list of str, or array-like of shape (h, q) or (q,)
            Names of parameters (:meth:`parameter_names`) that are zero together, or a
            matrix C of contrasts in that order, for ``C @ parameters == values``.
        values : float or array-like of shape (h,), default=0.0
            What the parameters or contrasts are equal to under the hypothesis.
        kind : str, optional
            Of :meth:`coef_covariance`.
        X, y, sample_weight, groups, noise_scale : array-like, optional
            See :meth:`coef_covariance`.

        Returns
        -------
        HypothesisTest
            With the classical covariance the F test, exact with constant noise, of
            (h, n - rank) degrees of freedom; with the others chi-square of h. An
            array of statistics with several targets. NaN where a hypothesis is about
            something that the data do not identify.

        Raises
        ------
        ValueError
            For unknown names, contrasts of a wrong length, hypotheses that repeat each
            other, and with alpha > 0: a posterior has intervals, not tests.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> print(model.wald_test(["s1", "s2", "s3"]))
        F(3, 431) = 7.612, p = 5.7e-05
        """
        fit = fitted(self)
        kind = inference_of(fit).checked_kind(kind)
        if fit.prior.exists:
            raise ValueError(
                f"alpha={fit.settings.alpha!r} gives the parameters a prior and a "
                "posterior, of which there are no tests: use conf_int, or alpha=0."
            )
        contrasts = contrast_matrix(hypotheses, fit.parameter_names())
        values = np.broadcast_to(np.asarray(values, float), len(contrasts))
        rows = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        estimates = parameter_estimates(fit, kind, *rows)
        statistic, pvalue = np.transpose(
            [one.wald(contrasts, values) for one in estimates]
        )
        if fit.vector_target:
            statistic, pvalue = float(statistic[0]), float(pvalue[0])
        count, freedom = len(contrasts), estimates[0].degrees_of_freedom
        if np.isinf(freedom):
            return HypothesisTest(statistic, pvalue, "chi2", (count,))
        return HypothesisTest(statistic, pvalue, "F", (count, freedom))

    def marginal_effects(
        self, X, of="recorded", sample_weight=None, *, noise_scale=None
    ):
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
            For models without ``censoring`` or with ``truncation``, and for an unknown
            quantity.

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

    def _robust_rows(self, kind, X, y, sample_weight, groups, noise_scale):
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
            groups = column_or_1d(groups)
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


def _is_profile(method, kind):
    """Whether an interval is one of the profile likelihood; raise for others."""
    if method == "wald":
        return False
    if method != "profile":
        raise ValueError(f"method must be 'wald' or 'profile', got {method!r}.")
    if kind is not None:
        raise ValueError(
            f"kind={kind!r} belongs to method='wald': a profile needs no "
            "covariance. Use kind=None."
        )
    return True
