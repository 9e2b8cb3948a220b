"""Fits of all shards in one store, and tables of them.

Needs: <results>/fits/{shard}.parquet of all shards. Gives: <results>/fits.parquet and its tables,
<results>/*.tsv.gz.
"""

TABLES = [
    "fits",
    "factors",
    "variants",
    "tissues",
    "specific",
    "credible_sets",
    "prediction",
    "nulls",
    "calibration",
    "dropped_variants",
]


rule aggregate:
    """Every gene once, in the order of the genome."""
    input:
        fits=expand("<results>/fits/{shard}.parquet", shard=SHARDS),
        genes="<results>/genes.tsv",
    output:
        store="<results>/fits.parquet",
        tables=expand("<results>/{table}.tsv.gz", table=TABLES),
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
        results=lambda wildcards, output: Path(output.store).parent,
    shell:
        r"""
        fqtl aggregate --fits {input.fits:q} --genes {input.genes:q} \
            --results {params.results:q} --out {output.store:q} 2>{log:q}
        """
