#!/usr/bin/env bash
# Style of the code, and docstrings of what is public.
source .ci/environments.sh
current
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" .ci/docstrings.py
