#!/usr/bin/env bash
# Runs inside the new environment, in the folder that holds this workflow.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation .
