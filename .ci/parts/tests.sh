#!/usr/bin/env bash
# All tests, of what they execute, and which of them are skipped.
source .ci/environments.sh
current
export COVERAGE_FILE="$CI_WORK/coverage"
# Coverage starts before pytest does: the filters of warnings already import the
# package. It starts itself in the processes of pytest-xdist and of Dask.
"$python" -m coverage run -m pytest -q -n 2 --allowed-skips tests/allowed_skips.txt
"$python" -m coverage combine --quiet
"$python" -m coverage report
