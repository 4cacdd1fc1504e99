"""Docstrings of classes, and links to them from scikit-learn's HTML representation."""

import inspect
from collections.abc import Callable
from itertools import takewhile
from typing import TypeVar

Class = TypeVar("Class")

# The one place of this address in the package, the same as [project.urls] of
# pyproject.toml. Empty until the documentation has a host: then there are no links.
DOCUMENTATION = ""


def with_parameters_of(parent: type) -> Callable[[type[Class]], type[Class]]:
    """Decorator that copies "Parameters" and "Attributes" from another docstring.

    They are inserted before "Notes". The constructors must be the same.
    """

    def decorate(cls: type[Class]) -> type[Class]:
        # Python with -OO has no docstrings.
        if cls.__doc__ and parent.__doc__:
            common = inspect.cleandoc(parent.__doc__)
            start, end = common.index("Parameters\n---"), common.index("See Also\n---")
            own = inspect.cleandoc(cls.__doc__)
            cls.__doc__ = own.replace("Notes\n---", f"{common[start:end]}Notes\n---", 1)
        return cls

    return decorate


class DocumentationLinkMixin:
    """Estimators whose pages are those of this package."""

    _doc_link_module = "sklearn_gml"

    @property
    def _doc_link_template(self) -> str:
        page = "/api/{estimator_module}.{estimator_name}.html"
        return f"{DOCUMENTATION.rstrip('/')}{page}" if DOCUMENTATION else ""

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        # Users import from the package or from one of its public folders.
        parts = type(self).__module__.split(".")[:2]
        public = takewhile(lambda part: not part.startswith("_"), parts)
        return {
            "estimator_module": ".".join(public),
            "estimator_name": type(self).__name__,
        }
