"""What a fitted model says of itself: how surely its parameters are known."""

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from .._data.rows import WIDE, Rows
from .._inference.constant import ROBUST, ConstantInference
from .._inference.estimates import (
    HypothesisTest,
    ParameterEstimates,
    check_level,
    contrast_matrix,
)
from .._inference.log_linear import LogLinearInference


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
        check_is_fitted(self)
        n_features = self.n_features_in_
        if feature_names is None:
            default = [f"x{column}" for column in range(n_features)]
            feature_names = getattr(self, "feature_names_in_", default)
        if len(feature_names) != n_features:
            raise ValueError(
                f"feature_names has {len(feature_names)} names, but the model was "
                f"fitted to {n_features} features."
            )
        names = tuple(str(name) for name in feature_names)
        mean = ("intercept", *names) if self._settings.fit_intercept else names
        drive = getattr(self, "noise_features_in_", ())
        if not len(drive):
            return mean
        noise = ("intercept", *(names[position] for position in drive))
        return (*mean, *(f"log sigma: {name}" for name in noise))

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
        known = self._inference()
        kind = known.checked_kind(kind)
        rows, groups = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        matrices = known.covariances(kind, rows, groups)
        return matrices[0] if self.coef_.ndim == 1 else matrices

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
        r"""Confidence intervals of the intercept, the coefficients and sigma.

        Parameters
        ----------
        level : float, default=0.95
            Probability that the interval covers the parameter.
        method : {"wald", "profile"}, default="wald"
            ``"wald"``: estimate plus and minus a multiple of the standard error, of
            Student's t for the classical and the posterior covariance, of the normal
            distribution for the others. The interval of sigma goes with it: from
            ``RSS / sigma^2 ~ chi2(n - rank)``, exact, for those two; from the
            information of log sigma for ``"information"``; the robust kinds say
            nothing of sigma (NaN).

            ``"profile"``: all values that a likelihood-ratio test does not reject, the
            other parameters at their best, by the quantile of chi2(1). For the
            coefficients it is the likelihood that the fit has maximised (with
            ``method="reml"``, the other coefficients are integrated out). For sigma it
            is the restricted likelihood whatever the ``method``: the plain one knows
            nothing of degrees of freedom, and its 95 % intervals for sigma cover 78 %
            with 12 rows and four parameters of the mean, the restricted ones 94.6 %
            (``benchmarks/interval_coverage.py``).
        kind : str, optional
            Of :meth:`coef_covariance`, for ``method="wald"``.
        X, y, sample_weight, groups, noise_scale : array-like, optional
            See :meth:`coef_covariance`.

        Returns
        -------
        ndarray of shape (q + 1, 2) or (t, q + 1, 2)
            Lower and upper limits: a row for each of :meth:`parameter_names`, and with
            constant noise the last row for sigma. ``low, high = model.conf_int().T``.

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
         [ 0.99  2.21]
         [ 0.16  1.99]]
        """
        check_level(level)
        known = self._inference()
        if method == "profile":
            if kind is not None:
                raise ValueError(
                    f"kind={kind!r} belongs to method='wald': a profile needs no "
                    "covariance. Use kind=None."
                )
            limits = known.profile_limits(level)
        elif method == "wald":
            kind = known.checked_kind(kind)
            rows = (X, y, sample_weight, groups, noise_scale)
            estimates = self._estimates(kind, *rows)
            limits = np.concatenate(
                [
                    np.stack([one.interval(level) for one in estimates]),
                    known.sigma_limits(level, kind),
                ],
                axis=1,
            )
        else:
            raise ValueError(f"method must be 'wald' or 'profile', got {method!r}.")
        return limits[0] if self.coef_.ndim == 1 else limits

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
        kind = self._inference().checked_kind(kind)
        if self._settings.alpha:
            raise ValueError(
                f"alpha={self._settings.alpha!r} gives the parameters a prior and a "
                "posterior, of which there are no tests: use conf_int, or alpha=0."
            )
        contrasts = contrast_matrix(hypotheses, self.parameter_names())
        values = np.broadcast_to(np.asarray(values, float), len(contrasts))
        estimates = self._estimates(kind, X, y, sample_weight, groups, noise_scale)
        statistic, pvalue = np.transpose(
            [one.wald(contrasts, values) for one in estimates]
        )
        if self.coef_.ndim == 1:
            statistic, pvalue = float(statistic[0]), float(pvalue[0])
        count, freedom = len(contrasts), estimates[0].degrees_of_freedom
        if np.isinf(freedom):
            return HypothesisTest(statistic, pvalue, "chi2", (count,))
        return HypothesisTest(statistic, pvalue, "F", (count, freedom))

    def _inference(self):
        """What knows how surely the parameters are known, or a reason why not."""
        check_is_fitted(self)
        if self._roots[0] is None:
            raise ValueError(
                "Standard errors need the information matrix, which is not formed for "
                f"sparse X with {self.n_features_in_} columns, more than {WIDE}: use "
                "fewer columns or dense X."
            )
        if self._settings.positive:
            raise ValueError(
                "Bounded coefficients have no covariance matrix that describes their "
                "uncertainty: use positive=False."
            )
        mean = np.atleast_2d(self.coef_)
        if self._settings.fit_intercept:
            mean = np.column_stack([np.atleast_1d(self.intercept_), mean])
        if len(getattr(self, "noise_features_in_", ())):
            noise = np.column_stack(
                [np.atleast_1d(self.noise_intercept_), np.atleast_2d(self.noise_coef_)]
            )
            return LogLinearInference(
                self.statistics_,
                mean,
                noise,
                np.stack(self._roots),
                self._spans,
                self.noise_features_in_,
                np.atleast_1d(self.sigma_),
                self._settings.fit_intercept,
                self._settings.alpha,
                self._settings.noise_alpha,
                restricted=self._settings.method == "reml",
            )
        return ConstantInference(
            self.statistics_,
            mean,
            self._roots[0],
            np.atleast_1d(self.sigma_),
            self.rank_,
            self._settings.fit_intercept,
            self._settings.alpha,
            restricted=self._settings.method == "reml",
        )

    def _estimates(
        self, kind, X, y, sample_weight, groups, noise_scale, *, feature_names=None
    ):
        """:class:`ParameterEstimates`, one for each target."""
        known, names = self._inference(), self.parameter_names(feature_names)
        rows, groups = self._robust_rows(kind, X, y, sample_weight, groups, noise_scale)
        freedom = known.degrees_of_freedom(kind)
        return [
            ParameterEstimates(names, values, covariance, freedom)
            for values, covariance in zip(
                known.values, known.covariances(kind, rows, groups), strict=True
            )
        ]

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
        rows = self._rows_of_fit(X, y, sample_weight, noise_scale)
        if rows.frequency is None or rows.frequency.all():
            return rows, groups
        kept = rows.frequency > 0
        scale = None if rows.noise_scale is None else rows.noise_scale[kept]
        return (
            Rows(rows.X[kept], rows.y[kept], rows.frequency[kept], scale),
            None if groups is None else groups[kept],
        )
