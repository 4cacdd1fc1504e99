#!/usr/bin/env bash
# All tests with the oldest versions that pyproject.toml allows.
source .ci/environments.sh
oldest
"$python" -m pytest -q -n 2 --allowed-skips .ci/oldest_skips.txt
