"""Links from scikit-learn's HTML representation to the documentation."""

from itertools import takewhile

# The one place of this address in the package, the same as [project.urls] of
# pyproject.toml. Empty until the documentation has a host: then there are no links.
DOCUMENTATION = ""


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
