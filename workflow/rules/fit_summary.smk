"""The models of all genes from summary statistics, a shard a job.

Needs: <results>/shards/{shard}.parquet, prepared/{tissue}.parquet, plan.tsv, genotypes of a panel.
Gives: <results>/noise_correlation.tsv (what z-scores of tissues share where nothing acts),
<results>/priors.tsv (with model.priors: learned), <results>/fits/{shard}.parquet and, of what
became of the rows of each gene, <results>/used/{shard}.tsv.
"""

PREPARED = expand("<results>/prepared/{tissue}.parquet", tissue=RUN.tissues)


rule noise_correlation:
    """What shared donors make alike, from weak z-scores of all genes."""
    input:
        PREPARED,
    output:
        "<results>/noise_correlation.tsv",
    log:
        "<logs>/noise_correlation.log",
    benchmark:
        "<benchmarks>/noise_correlation.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
    shell:
        r"""
        fqtl noise-correlation --prepared {input:q} --out {output:q} 2>{log:q}
        """


rule learn_priors:
    """What all fits know beforehand, learned in one job: 200 genes take minutes."""
    input:
        shards=expand("<results>/shards/{shard}.parquet", shard=RUN.shards),
        prepared=PREPARED,
        genotypes=RUN.genotypes,
        rsids=RUN.rsids,
        noise=RUN.noise_correlation,
    output:
        "<results>/priors.tsv",
    log:
        "<logs>/learn_priors.log",
    benchmark:
        "<benchmarks>/learn_priors.tsv"
    conda:
        "../../envs/fqtl.yaml"
    # all fits wait for it; each process holds the LD of a gene
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * RUN.times_memory * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        version=VERSION,
        genotypes=lambda wildcards: FLAGS.genotypes,
        variants=FLAGS.variants,
        noise=flags("--noise-correlation", RUN.noise_correlation),
        model=FLAGS.summary_model,
    shell:
        r"""
        fqtl learn-priors summary --shards {input.shards:q} --prepared {input.prepared:q} \
            {params.genotypes} {params.variants} {params.noise} {params.model} \
            --processes {threads} --out {output:q} 2>{log:q}
        """


rule fit:
    """Fit, pseudo-validate and calibrate every gene of one shard."""
    input:
        shard="<results>/shards/{shard}.parquet",
        prepared=PREPARED,
        plan="<results>/plan.tsv",
        genotypes=RUN.genotypes,
        rsids=RUN.rsids,
        noise=RUN.noise_correlation,
        priors="<results>/priors.tsv" if config["model"]["priors"] == "learned" else [],
    output:
        fits="<results>/fits/{shard}.parquet",
        used="<results>/used/{shard}.tsv",
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
        noise=flags("--noise-correlation", RUN.noise_correlation),
        priors=lambda wildcards, input: flags(
            "--priors", [input.priors] if input.priors else []
        ),
        model=FLAGS.summary_model,
        folds=config["cross_validation"]["folds"],
        permutations=FLAGS.permutations,
        min_pip=config["weights"]["min_pip"],
    shell:
        r"""
        fqtl fit-summary --shard {input.shard:q} --prepared {input.prepared:q} \
            {params.genotypes} {params.variants} {params.noise} {params.priors} {params.model} \
            --folds {params.folds} --min-pip {params.min_pip} {params.permutations} \
            --used {output.used:q} --out {output.fits:q} 2>{log:q}
        """
