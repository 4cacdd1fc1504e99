"""Correct digits on the NIST sets, ours beside other packages.

The number of correct significant digits of the worst coefficient, standard error
and sigma (divisor n - p), against the exact answer for the float64 rows that all
contestants are given, computed here in rational arithmetic.

    python benchmarks/digits.py
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from sklearn_gml import GaussianMLRegressor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import exact
import nist

METHODS = ("ours", "LinearRegression", "LinearRegression(tol=0)", "statsmodels OLS")


def scikit_learn(X, y, fit_intercept, **parameters):
    model = LinearRegression(fit_intercept=fit_intercept, **parameters).fit(X, y)
    return np.append(model.intercept_, model.coef_) if fit_intercept else model.coef_


def statsmodels_ols(X, y, fit_intercept):
    try:
        import statsmodels.api as statsmodels
    except ImportError:
        return None
    design = statsmodels.add_constant(X) if fit_intercept else X
    return statsmodels.OLS(y, design).fit().params


def main():
    warnings.simplefilter("ignore")
    print("| set | columns | coefficients | standard errors | sigma |", end="")
    print(" LinearRegression | with tol=0 | statsmodels OLS |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in nist.SETS:
        X, y, fit_intercept = nist.problem(name)
        truth, errors, rss = exact.least_squares(X, y, fit_intercept=fit_intercept)
        sigma = np.sqrt(rss / (len(y) - len(truth)))
        ours = GaussianMLRegressor(method="reml", fit_intercept=fit_intercept)
        ours.fit(X, y)
        cells = [
            nist.digits(nist.parameters(ours), truth),
            nist.digits(nist.standard_errors(ours), errors * sigma) if rss else None,
            nist.digits(ours.sigma_, sigma) if rss else None,
            nist.digits(scikit_learn(X, y, fit_intercept), truth),
            nist.digits(scikit_learn(X, y, fit_intercept, tol=0), truth),
            nist.digits(statsmodels_ols(X, y, fit_intercept), truth),
        ]
        shown = ["" if cell is None else f"{cell:.1f}" for cell in cells]
        print(f"| {name} | {len(truth)} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
