"""Tables, intervals, tests and influence against R, and against statsmodels."""

import numpy as np
import pytest
import reference_fits as reference
import scipy
from sklearn.datasets import load_diabetes
from sklearn.utils.fixes import parse_version

from sklearn_gml import GaussianMLRegressor, likelihood_ratio_test

DIGITS = 11

# What 11 digits of a statistic leave of a p-value whose logarithm it is.
PVALUE_DIGITS = 10

# Quantiles of Student's t that older versions of scipy find by a root search.
QUANTILE_DIGITS = (
    11 if parse_version(scipy.__version__) >= parse_version("1.17") else 10
)

LM = reference.names("lm", "freq", "wlm")


class Case:
    """A reference fit of constant noise, its rows and ours."""

    def __init__(self, name, terms="mean_terms", **parameters):
        self.case = reference.load(name)
        self.truth, model = self.case["truth"], self.case["model"]
        self.model = model
        names = [term for term in model[terms] if term != "(Intercept)"]
        columns = self.case["columns"]
        n = len(columns[model["y"]])
        # A column of zeros stands for a model of the intercept alone.
        self.X = reference.columns(self.case, names) if names else np.zeros((n, 1))
        self.y = np.asarray(columns[model["y"]], float)
        self.weights = {"sample_weight": columns.get(model.get("freq"))}
        self.scale = None
        if "weights" in model:
            self.scale = np.power(columns[model["weights"]], -0.5)
            self.weights["noise_scale"] = self.scale
        self.fit = GaussianMLRegressor(**parameters).fit(self.X, self.y, **self.weights)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", LM)
def test_table(name, method):
    case = Case(name, method=method)
    frame, truth = case.fit.summary().to_frame(), case.truth
    assert reference.digits(frame["estimate"], truth["coef"]) >= DIGITS
    assert reference.digits(frame["standard_error"], truth["se"]) >= DIGITS
    assert reference.digits(frame["statistic"], truth["t"]) >= DIGITS
    assert reference.digits(frame["pvalue"], truth["p"]) >= PVALUE_DIGITS
    limits = frame[["low", "high"]]
    assert reference.digits(limits, truth["confint95_t"]) >= QUANTILE_DIGITS
    np.testing.assert_array_equal(case.fit.conf_int(), limits)
    assert f"R^2 {truth['r2']:.3f}" in str(case.fit.summary())
    assert f"AIC {case.fit.aic_:.2f}" in str(case.fit.summary())


@pytest.mark.parametrize("name", LM)
def test_information(name):
    case = Case(name)
    errors = np.sqrt(np.diagonal(case.fit.coef_covariance("information")))
    assert reference.digits(errors, case.truth["se_ml"]) >= DIGITS
    low, high = case.fit.sigma_conf_int(kind="information")
    error = np.log(high / low) / (2 * 1.959963984540054)
    assert reference.digits(error, case.truth["se_log_sigma_ml"]) >= DIGITS


@pytest.mark.parametrize("name", LM)
def test_predictions(name):
    case = Case(name)
    truth = case.truth["predict"]
    new = case.case["newdata"]
    X = np.column_stack([new[term] for term in case.model["mean_terms"][1:]])
    scale = np.power(new[case.model["weights"]], -0.5) if "w" in new else None
    mean = case.fit.predict_dist(X, kind="mean")
    assert reference.digits(mean.kwds["scale"], truth["se_mean"]) >= DIGITS
    interval = np.transpose(mean.interval(0.95))
    assert reference.digits(interval, truth["confint95_t"]) >= QUANTILE_DIGITS
    later = case.fit.predict_dist(X, kind="predictive", noise_scale=scale)
    interval = np.transpose(later.interval(0.95))
    # Limits near zero are known to the digits of their distance.
    reach = np.abs(np.diff(truth["interval95_t"]))
    assert (
        reference.digits(interval, truth["interval95_t"], scale=reach)
        >= QUANTILE_DIGITS
    )
    if "interval95_plugin_normal_ml" in truth:
        plugin = case.fit.predict_dist(X, kind="plugin", noise_scale=scale)
        plugin = plugin.interval(0.95)
        truth = truth["interval95_plugin_normal_ml"]
        assert reference.digits(np.transpose(plugin), truth, scale=reach) >= DIGITS


@pytest.mark.parametrize("name", reference.names("lm", "wlm"))
def test_influence(name):
    case = Case(name)
    measures = case.fit.influence(case.X, case.y, noise_scale=case.scale)
    for ours, key in (
        (measures.leverage, "leverage"),
        (case.fit.leverage(case.X, noise_scale=case.scale), "leverage"),
        (measures.standardized_residuals, "rstandard"),
        (measures.studentized_residuals, "rstudent"),
        (measures.cooks_distance, "cooks_distance"),
    ):
        assert reference.digits(ours, case.truth[key]) >= DIGITS, key


@pytest.mark.parametrize("name", LM)
@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
def test_comparisons(name):
    full, null = Case(name), Case(name, "null_terms")
    truth = full.truth["lr_test"]
    ratio = likelihood_ratio_test(null.fit, full.fit)
    assert ratio.degrees_of_freedom == (truth["df"],)
    assert reference.digits(ratio.statistic, truth["stat"]) >= DIGITS
    assert reference.digits(ratio.pvalue, truth["p"]) >= PVALUE_DIGITS

    truth, kept = full.truth["f_test"], full.model["null_terms"]
    names = full.fit.parameter_names()
    tested = [
        name
        for name, term in zip(names, full.model["mean_terms"], strict=True)
        if term not in kept
    ]
    wald = full.fit.wald_test(tested)
    assert wald.degrees_of_freedom == (truth["df1"], truth["df2"])
    assert reference.digits(wald.statistic, truth["stat"]) >= DIGITS
    assert reference.digits(wald.pvalue, truth["p"]) >= PVALUE_DIGITS


@pytest.mark.parametrize("kind", ["const", "HC0", "HC1", "HC2", "HC3"])
def test_heteroscedasticity_consistent(kind):
    for name in reference.names("hc"):
        case = Case(name)
        truth = case.truth["covariances"][kind]
        ours = {"const": "classical"}.get(kind, kind)
        covariance = case.fit.coef_covariance(ours, case.X, case.y)
        errors = np.sqrt(np.diagonal(covariance))
        assert reference.digits(errors, truth["se"]) >= DIGITS
        assert reference.digits(covariance, truth["vcov"]) >= DIGITS


def test_clusters():
    for name in reference.names("cluster"):
        case = Case(name)
        truth = case.truth["covariances"]["HC1_cadjust"]
        groups = case.case["columns"][case.model["cluster"]]
        covariance = case.fit.coef_covariance("cluster", case.X, case.y, groups=groups)
        assert reference.digits(covariance, truth["vcov"]) >= DIGITS


def test_pvalues_keep_their_digits_in_the_far_tail():
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(0)
    x = rng.standard_normal(400)
    y = 3.0 * x + 0.75 * rng.standard_normal(400)
    frame = GaussianMLRegressor().fit(x[:, None], y).summary().to_frame()
    with mpmath.workdps(40):
        t, nu = mpmath.mpf(frame.loc["x0", "statistic"]), mpmath.mpf(398)
        truth = mpmath.betainc(nu / 2, 0.5, 0, nu / (nu + t**2), regularized=True)
    assert 0 < truth < mpmath.mpf("1e-200")
    assert float(abs(frame.loc["x0", "pvalue"] / truth - 1)) < 1e-10


@pytest.fixture(scope="module")
def diabetes():
    api = pytest.importorskip("statsmodels.api")
    X, y = load_diabetes(return_X_y=True)
    return X, y, api.OLS(y, api.add_constant(X))


# statsmodels solves by pseudo-inverse, and some of its figures lose the square of a
# condition number of 2e2.
STATSMODELS = 1e-9


def test_table_of_statsmodels(diabetes):
    X, y, model = diabetes
    theirs, ours = model.fit(), GaussianMLRegressor().fit(X, y)
    frame = ours.summary(0.9).to_frame()
    for column, truth in (
        ("estimate", theirs.params),
        ("standard_error", theirs.bse),
        ("statistic", theirs.tvalues),
        ("pvalue", theirs.pvalues),
        ("low", theirs.conf_int(0.1)[:, 0]),
        ("high", theirs.conf_int(0.1)[:, 1]),
    ):
        np.testing.assert_allclose(frame[column], truth, rtol=STATSMODELS)
    joint = ours.wald_test(list(ours.parameter_names()[1:]))
    np.testing.assert_allclose(joint.statistic, theirs.fvalue, rtol=STATSMODELS)
    np.testing.assert_allclose(joint.pvalue, theirs.f_pvalue, rtol=STATSMODELS)
    contrasts = np.zeros((2, 11))
    contrasts[0, [1, 2]], contrasts[1, [4, 3]] = [1.0, -2.0], 1.0
    theirs = theirs.f_test((contrasts, [3.0, 4.0]))
    wald = ours.wald_test(contrasts, [3.0, 4.0])
    np.testing.assert_allclose(wald.statistic, theirs.statistic, rtol=STATSMODELS)
    np.testing.assert_allclose(wald.pvalue, theirs.pvalue, rtol=STATSMODELS)


def test_predictions_of_statsmodels(diabetes):
    X, y, model = diabetes
    ours = GaussianMLRegressor().fit(X[:300], y[:300])
    theirs = type(model)(y[:300], model.exog[:300]).fit()
    frame = theirs.get_prediction(model.exog[300:]).summary_frame(0.2)
    mean = ours.predict_dist(X[300:], kind="mean")
    later = ours.predict_dist(X[300:], kind="predictive")
    for values, column in (
        (mean.kwds["scale"], "mean_se"),
        (mean.interval(0.8)[0], "mean_ci_lower"),
        (mean.interval(0.8)[1], "mean_ci_upper"),
        (later.interval(0.8)[0], "obs_ci_lower"),
        (later.interval(0.8)[1], "obs_ci_upper"),
    ):
        np.testing.assert_allclose(values, frame[column], rtol=STATSMODELS)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "cluster"])
def test_robust_covariances_of_statsmodels(diabetes, kind):
    X, y, model = diabetes
    groups = np.arange(len(y)) % 17
    clusters = {"cov_kwds": {"groups": groups}, "use_t": True}
    settings = clusters if kind == "cluster" else {}
    theirs = model.fit(cov_type=kind, **settings)
    ours = GaussianMLRegressor().fit(X, y)
    rows = {"kind": kind, "X": X, "y": y}
    if kind == "cluster":
        rows["groups"] = groups
    frame = ours.summary(**rows).to_frame()
    np.testing.assert_allclose(frame["standard_error"], theirs.bse, rtol=STATSMODELS)
    np.testing.assert_allclose(frame["pvalue"], theirs.pvalues, rtol=STATSMODELS)
    contrasts = np.eye(11)[1:4]
    wald = ours.wald_test(contrasts, **rows)
    truth = theirs.wald_test(contrasts, scalar=True, use_f=kind == "cluster")
    np.testing.assert_allclose(wald.statistic, truth.statistic, rtol=STATSMODELS)
    np.testing.assert_allclose(wald.pvalue, truth.pvalue, rtol=STATSMODELS)
