#!/usr/bin/env bash
# Types of the package; pyproject.toml says of which files all definitions have them.
source .ci/environments.sh
current
"$python" -m mypy sklearn_gml
