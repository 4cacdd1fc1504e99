#!/usr/bin/env bash
# Every example runs, without a word of what will soon be gone.
source .ci/environments.sh
current
for example in examples/plot_*.py; do
    echo "== $example"
    "$python" -W error::DeprecationWarning:sklearn_gml "$example"
done
