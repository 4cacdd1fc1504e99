"""Linear regression that knows its likelihood, for scikit-learn.

:class:`GaussianMLRegressor` says ``y | x ~ N(mu(x), sigma(x)^2)`` with a linear
``mu`` and a constant or log-linear ``sigma``, maximises the log-likelihood of the
data explicitly, and keeps what that gives: coefficients, noise, a distribution for
every prediction and a log-likelihood to choose models by.

The folders, from the top down. A folder imports only from folders below it, and the
files of a folder import each other without circles::

    dask/             the same sums over a cluster
        regressor     the estimator of Dask collections
        statistics    statistics of Dask collections, by folds too
        censoring     fits of Dask collections whose y is known in part
        chunks        Dask collections in chunks of rows, and sums over them
        distribution  distributions of the rows of Dask collections
    displays/         pictures of models and their predictions
        predictive    predictions with intervals
        calibration   whether predicted distributions come true
        residuals     residuals against predictions, and their quantiles
        likelihood    the log-likelihood of a fit over its parameters
        plotting      axes and colours
    _estimator/       the public classes: validate, call, expose
        mean_variance  MeanVarianceRegressor
        alternation   mean and variance of one target in turns
        fitter        regressors of any kind fitted with weights
        regressor     GaussianMLRegressor
        cross_validated  GaussianMLRegressorCV
        folds         what alphas, cv and folds of statistics stand for
        fitting       from rows or statistics to a fit
        prior         alpha and prior_groups to a prior, by evidence if asked
        partial_fit   rows in batches
        prediction    predictions and their distributions
        inference     standard errors, intervals, tests
        summary       the table of a fit
        influence     leverage and influence of rows
        sampling      draws of the parameters
        precision     whether rounding errors of predictions are small beside sigma
        censoring     fits to rows whose y is known in part
        diagnostics   warnings of a fit
        callbacks     scikit-learn's callbacks
        documentation  docstrings with the parameters of another class; links to them
    _inference/       standard errors, intervals and tests of parameters
        fit           what a fit has learned, as one value
        inference     from a fit to what is known of its parameters
        constant      constant noise: from the triangular factor
        log_linear    log-linear noise: from the information
        censored      y known in part: from the information
        estimates     estimates with their covariance: intervals
        hypotheses    linear hypotheses: names, equations, dicts, arrays, frames
        wald          Wald tests of them
        influence     leverage, influence, robust covariance
        sampling      draws of the parameters
        leave_one_out log-densities of rows by the fits of the others
        marginal_effects  effects of columns on what is recorded
        comparison    likelihood-ratio tests
        nesting       whether one fit contains another
        table         the table as text, HTML and data frame
        pipelines     summary and tests of models inside of pipelines
    metrics/          scores of predicted distributions
        scores        the formulas
        energy        the energy score of joint distributions
        crps          the continuous ranked probability score of each row
        scorers       scorers for model selection
    _likelihood/      objectives, and what maximises them
        evidence      prior precisions of the highest marginal likelihood
        one_alpha     the same for one alpha: a curve made of singular values
        many_alphas   the same for groups of columns, by Newton's method
        marginal      the likelihood with coefficients integrated out
        prior         the Gaussian prior on the coefficients
        estimate      what a maximum says in the units of the data
        constant      the objective of constant noise
        joint         the same for targets that vary together
        shrinkage     ridge regressions of every alpha from one decomposition
        scorings      scores of rows that were not fitted
        choice        the alpha that is chosen on a curve of scores
        leave_one_out scores of rows by the fits without them
        cross_validation  scores of folds from their statistics
        nonnegative   the same over coefficients that are not negative
        matrix_free   the same for wide sparse rows, by conjugate gradients
        log_linear    the objective of log-linear noise
        log_linear_point  its value, gradient and information at a point
        censored      the objective of rows whose y is known in part
        censored_point  its value, gradient and information at a point
        coordinates   coordinates in which the information is well conditioned
        maximisers    Newton's method and L-BFGS
    _data/            what is read from the rows: statistics and sums
        rows          rows in blocks of float64
        validation    checks of the input
        statistics    GaussianStatistics: all that a constant-noise fit needs
        reduction     rows to one triangular factor
        pairwise      sums in pairs, for the sake of rounding errors
        refinement    the last Newton step, in doubled precision
        span          rows outside the directions of others
        row_sums      sums over rows for log-linear noise
        row_blocks    blocks of rows at given parameters, for these sums
        density_sums  sums over rows of one kind of knowledge of y
        limits        what is known of y: its value, or limits
        predictors    linear predictors of mean and log sigma
        serialization  statistics as plain numbers, and back
    _distributions/   distributions of y
        predict_dist  the distribution of a whole model: pipelines, searches
        transformed   distributions of transformed targets
        transformations  monotone transformations, and scikit-learn's among them
        numerical     transformations of which only two functions are known
        truncated     a distribution within an interval
        student       Student's t at rows
        multivariate  joint distributions of several targets
        multivariate_transformed  those of transformed targets
        quantile      the map of scikit-learn's QuantileTransformer
        standard      the standard normal and Student's t, in logarithms
        expectation   expectations, by integrals over probabilities
        quadrature    rules of integration, for many rows at once
        parameters    parameters and shapes of frozen distributions
        protocol      what a distribution has to be
        recorded      a normal y as it is recorded: clipped, or seen within limits
        row_densities  densities and probabilities of rows, with derivatives
    _linalg/          factors and products
        triangular    triangular factors: condition, solve
        factor        the factor of the information: rank, solutions, prior
        doubled       matrix products in doubled precision
    exceptions        warnings

The way of the data::

    X, y, w -> validate once -> blocks -> GaussianStatistics --------+-> objective
                              \\-> (noise varies: row sums) -------/
    objective -> maximiser -> solution -> coef_, intercept_, sigma_, loglik_
"""

from ._data.statistics import GaussianStatistics
from ._distributions.multivariate import MultivariateNormal, MultivariateT
from ._distributions.predict_dist import predict_dist
from ._estimator.cross_validated import GaussianMLRegressorCV
from ._estimator.mean_variance import MeanVarianceRegressor
from ._estimator.regressor import GaussianMLRegressor
from ._inference.comparison import likelihood_ratio_test
from ._inference.pipelines import pipeline_summary, pipeline_wald_test
from .exceptions import (
    DegenerateFitWarning,
    PrecisionWarning,
    PriorBoundWarning,
    RankDeficiencyWarning,
)

__version__ = "0.1.0"

__all__ = [
    "DegenerateFitWarning",
    "GaussianMLRegressor",
    "GaussianMLRegressorCV",
    "GaussianStatistics",
    "MeanVarianceRegressor",
    "MultivariateNormal",
    "MultivariateT",
    "PrecisionWarning",
    "PriorBoundWarning",
    "RankDeficiencyWarning",
    "__version__",
    "likelihood_ratio_test",
    "pipeline_summary",
    "pipeline_wald_test",
    "predict_dist",
]
