"""The models of all genes, a shard a job.

Needs: <results>/shards/{shard}.parquet, plan.tsv, genotypes. Gives: <results>/priors.tsv, what a sample
of the genes says beforehand of all of them (with model.priors: learned), and
<results>/fits/{shard}.parquet.
"""


rule learn_priors:
    """What all fits know beforehand, learned in one job: 200 genes take minutes."""
    input:
        shards=expand("<results>/shards/{shard}.parquet", shard=RUN.shards),
        genotypes=RUN.genotypes,
        rsids=RUN.rsids,
        covariates=RUN.model_covariates,
    output:
        "<results>/priors.tsv",
    log:
        "<logs>/learn_priors.log",
    benchmark:
        "<benchmarks>/learn_priors.tsv"
    conda:
        "../../envs/fqtl.yaml"
    # all fits wait for it
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        version=VERSION,
        genotypes=lambda wildcards: FLAGS.genotypes,
        variants=FLAGS.variants,
        covariates=flags("--donor-covariates", RUN.model_covariates),
        model=FLAGS.model,
    shell:
        r"""
        fqtl learn-priors --shards {input.shards:q} {params.genotypes} {params.variants} \
            {params.covariates} {params.model} --processes {threads} --out {output:q} 2>{log:q}
        """


rule fit:
    """Fit, cross-validate and permute every gene of one shard."""
    input:
        shard="<results>/shards/{shard}.parquet",
        plan="<results>/plan.tsv",
        genotypes=RUN.genotypes,
        rsids=RUN.rsids,
        covariates=RUN.model_covariates,
        priors="<results>/priors.tsv" if config["model"]["priors"] == "learned" else [],
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
        priors=lambda wildcards, input: flags(
            "--priors", [input.priors] if input.priors else []
        ),
        model=FLAGS.model,
        folds=config["cross_validation"]["folds"],
        baseline=config["cross_validation"]["baseline"],
        keep=FLAGS.keep_predictions,
        permutations=FLAGS.permutations,
        min_pip=config["weights"]["min_pip"],
    shell:
        r"""
        fqtl fit --shard {input.shard:q} {params.genotypes} \
            {params.variants} {params.covariates} {params.model} {params.priors} \
            --folds {params.folds} --min-pip {params.min_pip} --baseline {params.baseline} \
            {params.keep} {params.permutations} --out {output:q} 2>{log:q}
        """
