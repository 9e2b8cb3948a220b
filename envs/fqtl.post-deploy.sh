#!/usr/bin/env bash
# Runs inside the new environment, in the folder that snakemake runs in: this workflow's, or one in it.
# What fqtl depends on is in fqtl.yaml already.
set -euo pipefail
folder=$PWD
until grep -qsx 'name = "fqtl"' "$folder/pyproject.toml"; do
    if [ "$folder" = / ]; then
        echo "error: no sources of fqtl in $PWD or above it. Run snakemake in a folder of the" \
            "workflow's sources (--directory), or install fqtl and leave out" \
            "--software-deployment-method." >&2
        exit 2
    fi
    folder=$(dirname "$folder")
done
python -m pip install --no-deps --no-build-isolation "$folder"
