"""The models of all genes, a shard a job.

Needs: <results>/shards/{shard}.parquet, genotypes. Gives: <results>/fits/{shard}.parquet.
"""


rule fit:
    """Fit and cross-validate every gene of one shard."""
    input:
        shard="<results>/shards/{shard}.parquet",
        genotypes=config["genotypes"]["path"],
    output:
        "<results>/fits/{shard}.parquet",
    log:
        "<logs>/fit/{shard}.log",
    benchmark:
        "<benchmarks>/fit/{shard}.tsv"
    conda:
        "../../envs/fqtl.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        version=VERSION,
        genotypes=GENOTYPES,
        cis_window_bp=config["genes"]["cis_window_bp"],
        min_maf=config["genotypes"]["min_maf"],
        max_missing=config["genotypes"]["max_missing"],
        family=config["model"]["family"],
        engine=config["model"]["engine"],
        rank=config["model"]["rank"],
        factored="--factored" if config["model"]["factored"] else "--no-factored",
        folds=config["cross_validation"]["folds"],
        min_pip=config["weights"]["min_pip"],
        seed=config["seed"],
    shell:
        r"""
        fqtl fit --shard {input.shard:q} {params.genotypes} \
            --cis-window-bp {params.cis_window_bp} --min-maf {params.min_maf} \
            --max-missing {params.max_missing} --family {params.family} --engine {params.engine} \
            --rank {params.rank} {params.factored} --folds {params.folds} --seed {params.seed} \
            --min-pip {params.min_pip} --out {output:q} 2>{log:q}
        """
