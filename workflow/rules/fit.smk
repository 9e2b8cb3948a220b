"""The models of all genes, a shard a job.

Needs: <results>/shards/{shard}.parquet, plan.tsv, genotypes. Gives: <results>/fits/{shard}.parquet.
"""


rule fit:
    """Fit, cross-validate and permute every gene of one shard."""
    input:
        shard="<results>/shards/{shard}.parquet",
        plan="<results>/plan.tsv",
        genotypes=RUN.genotypes,
        rsids=RUN.rsids,
        covariates=RUN.model_covariates,
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
        mem_mb=lambda wildcards, input, attempt: (
            planned(input.plan, wildcards.shard)["mem_mb"] * attempt
        ),
        runtime=lambda wildcards, input, attempt: (
            planned(input.plan, wildcards.shard)["minutes"] * attempt
        ),
    params:
        version=VERSION,
        genotypes=lambda wildcards: FLAGS.genotypes,
        variants=FLAGS.variants,
        covariates=flags("--donor-covariates", RUN.model_covariates),
        family=config["model"]["family"],
        engine=config["model"]["engine"],
        rank=config["model"]["rank"],
        factored="--factored" if config["model"]["factored"] else "--no-factored",
        folds=config["cross_validation"]["folds"],
        baseline=config["cross_validation"]["baseline"],
        permutations=FLAGS.permutations,
        min_pip=config["weights"]["min_pip"],
        seed=config["seed"],
    shell:
        r"""
        fqtl fit --shard {input.shard:q} {params.genotypes} \
            {params.variants} {params.covariates} --family {params.family} --engine {params.engine} \
            --rank {params.rank} {params.factored} --folds {params.folds} --seed {params.seed} \
            --min-pip {params.min_pip} --baseline {params.baseline} {params.permutations} \
            --out {output:q} 2>{log:q}
        """
