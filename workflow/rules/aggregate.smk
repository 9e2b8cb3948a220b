"""Fits of all shards in one store, and tables of them.

Needs: <results>/fits/{shard}.parquet of all shards. Gives: <results>/fits.parquet and its tables,
<results>/*.tsv.gz; of summary statistics used.tsv besides.
"""

# what became of the rows of summary statistics
USED = expand("<results>/used/{shard}.tsv", shard=RUN.shards) if RUN.of_summary else []


rule aggregate:
    """Every gene once, in the order of the genome."""
    input:
        fits=expand("<results>/fits/{shard}.parquet", shard=RUN.shards),
        genes="<results>/genes.tsv",
        used=USED,
    output:
        ["<results>/used.tsv"] if USED else [],
        store="<results>/fits.parquet",
        fits="<results>/fits.tsv.gz",
        factors="<results>/factors.tsv.gz",
        variants="<results>/variants.tsv.gz",
        tissues="<results>/tissues.tsv.gz",
        specific="<results>/specific.tsv.gz",
        credible_sets="<results>/credible_sets.tsv.gz",
        prediction="<results>/prediction.tsv.gz",
        nulls="<results>/nulls.tsv.gz",
        calibration="<results>/calibration.tsv.gz",
        dropped_variants="<results>/dropped_variants.tsv.gz",
    log:
        "<logs>/aggregate.log",
    benchmark:
        "<benchmarks>/aggregate.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        results=subpath(output.store, parent=True),
        used=lambda wildcards, input: (
            f"--used {' '.join(map(shlex.quote, input.used))}" if USED else ""
        ),
    shell:
        r"""
        fqtl aggregate --fits {input.fits:q} --genes {input.genes:q} \
            {params.used} --results {params.results:q} --out {output.store:q} 2>{log:q}
        """
