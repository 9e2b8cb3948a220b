"""Genes of all tissues, split into shards.

Needs: <results>/prepared/. Gives: <results>/genes.tsv, shards.tsv, plan.tsv (what each shard's
job will need), prepared.tsv, dropped.tsv.gz and one file per shard with the expression of its genes
in all tissues.
"""

if RUN.of_summary:

    rule shard:
        """Genes with summary statistics; these stay with the tissues."""
        input:
            prepared=expand("<results>/prepared/{tissue}.parquet", tissue=RUN.tissues),
            genes=RUN.config.summary_statistics.genes,
            rsids=RUN.rsids,
            genotypes=RUN.genotypes,
        output:
            shards=expand("<results>/shards/{shard}.parquet", shard=RUN.shards),
            genes="<results>/genes.tsv",
            list="<results>/shards.tsv",
            plan="<results>/plan.tsv",
            prepared="<results>/prepared.tsv",
            confounders="<results>/confounders.tsv",
            outliers="<results>/outliers.tsv",
            dropped="<results>/dropped.tsv.gz",
        log:
            "<logs>/shard.log",
        benchmark:
            "<benchmarks>/shard.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            chromosomes=config["genes"]["chromosomes"],
            variants=FLAGS.variants,
            number=config["shards"]["count"],
            folds=config["cross_validation"]["folds"],
            permutations=FLAGS.permutations,
            shards=lambda wildcards, output: Path(output.shards[0]).parent,
            results=subpath(output.genes, parent=True),
        shell:
            r"""
            fqtl shard summary --prepared {input.prepared:q} --genes {input.genes:q} \
                --chromosomes {params.chromosomes:q} --count {params.number} \
                --shards {params.shards:q} --results {params.results:q} {params.genotypes} \
                {params.variants} --folds {params.folds} {params.permutations} 2>{log:q}
            """

else:

    rule shard:
        """One self-contained input per fit job, whatever the number of tissues."""
        input:
            prepared=expand("<results>/prepared/{tissue}.parquet", tissue=RUN.tissues),
            rsids=RUN.rsids,
            genotypes=RUN.genotypes,
        output:
            shards=expand("<results>/shards/{shard}.parquet", shard=RUN.shards),
            genes="<results>/genes.tsv",
            list="<results>/shards.tsv",
            plan="<results>/plan.tsv",
            prepared="<results>/prepared.tsv",
            confounders="<results>/confounders.tsv",
            outliers="<results>/outliers.tsv",
            dropped="<results>/dropped.tsv.gz",
        log:
            "<logs>/shard.log",
        benchmark:
            "<benchmarks>/shard.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            chromosomes=config["genes"]["chromosomes"],
            variants=FLAGS.variants,
            number=config["shards"]["count"],
            folds=config["cross_validation"]["folds"],
            baseline=config["cross_validation"]["baseline"],
            permutations=FLAGS.permutations,
            shards=lambda wildcards, output: Path(output.shards[0]).parent,
            results=subpath(output.genes, parent=True),
        shell:
            r"""
            fqtl shard --prepared {input.prepared:q} --chromosomes {params.chromosomes:q} \
                --count {params.number} --shards {params.shards:q} --results {params.results:q} \
                {params.genotypes} {params.variants} --folds {params.folds} \
                --baseline {params.baseline} {params.permutations} 2>{log:q}
            """
