"""Weight files of each tissue.

Needs: <results>/fits.parquet. Gives: <results>/weights/predictdb/{tissue}.db and its covariances
{tissue}.txt.gz and varid/{tissue}.txt.gz (filtered by cross-validation), the same in
predictdb/unfiltered/, and <results>/weights/{tissue}.tsv, which lists what was written. A tissue without a gene for a file has
no file, so the list is what the rule declares.
"""


rule weights:
    """PredictDB of one tissue."""
    input:
        "<results>/fits.parquet",
    output:
        "<results>/weights/{tissue}.tsv",
    log:
        "<logs>/weights/{tissue}.log",
    benchmark:
        "<benchmarks>/weights/{tissue}.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        min_cv_r=config["weights"]["min_cv_r"],
        max_cv_p=config["weights"]["max_cv_p"],
        min_gene_pip=config["weights"]["min_gene_pip"],
        predictdb=lambda wildcards, output: Path(output[0]).parent / "predictdb",
    shell:
        r"""
        fqtl weights --fits {input:q} --tissue {wildcards.tissue:q} \
            --min-cv-r {params.min_cv_r} --max-cv-p {params.max_cv_p} \
            --min-gene-pip {params.min_gene_pip} --predictdb {params.predictdb:q} \
            --out {output:q} 2>{log:q}
        """
