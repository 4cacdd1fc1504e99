"""Validation by numpydoc of the docstrings of all that is public.

Exits with 1 if there are findings. The kinds:

PR01  a parameter is not documented        PR02  a documented parameter does not exist
PR03  parameters in another order          PR07  a parameter without a description
RT01  no Returns section                   RT03  a return value without a description
"""

import inspect
import sys

from numpydoc.validate import validate

import sklearn_gml.dask
import sklearn_gml.displays
import sklearn_gml.metrics

KINDS = {"PR01", "PR02", "PR03", "PR07", "RT01", "RT03"}
MODULES = (sklearn_gml, sklearn_gml.metrics, sklearn_gml.displays, sklearn_gml.dask)


# Objects that do NOT pass yet, with their methods: take each off this list, which is to
# become empty, with its last finding.
OPEN = (
    "sklearn_gml.GaussianMLRegressor",
    "sklearn_gml.MeanVarianceRegressor",
    "sklearn_gml.dask.DaskGaussianMLRegressor",
    "sklearn_gml.displays.CalibrationDisplay",
    "sklearn_gml.displays.LikelihoodDisplay",
    "sklearn_gml.displays.PredictiveDisplay",
    "sklearn_gml.displays.ResidualsDisplay",
    "sklearn_gml.metrics.crps_loss",
    "sklearn_gml.metrics.d2_loglik_score",
    "sklearn_gml.metrics.interval_coverage_score",
    "sklearn_gml.metrics.loglik_score",
    "sklearn_gml.metrics.pit_values",
)


def public_objects():
    """Paths of the functions, the classes and their methods, each once."""
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            path = f"{module.__name__}.{name}"
            if inspect.isroutine(value):
                yield path
            elif inspect.isclass(value):
                yield path
                yield from (f"{path}.{method}" for method in public_methods(value))


def public_methods(cls):
    for name, value in inspect.getmembers(cls):
        function = inspect.unwrap(getattr(value, "__func__", value))
        ours = (getattr(function, "__module__", None) or "").startswith("sklearn_gml")
        if ours and inspect.isfunction(function) and not name.startswith("_"):
            yield name


def main():
    paths = sorted(set(public_objects()))
    findings = [
        (path, f"{path}: {kind} {message}")
        for path in paths
        for kind, message in validate(path)["errors"]
        if kind in KINDS
    ]
    left = [
        line
        for path, line in findings
        if not f"{path}.".startswith(tuple(f"{name}." for name in OPEN))
    ]
    print(*left, sep="\n", end="\n" if left else "")
    print(
        f"{len(paths)} docstrings, {len(left)} findings, and "
        f"{len(findings) - len(left)} of the {len(OPEN)} objects that are still open"
    )
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
