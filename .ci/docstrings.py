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
        f"{path}: {kind} {message}"
        for path in paths
        for kind, message in validate(path)["errors"]
        if kind in KINDS
    ]
    print(*findings, f"{len(paths)} docstrings, {len(findings)} findings", sep="\n")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
