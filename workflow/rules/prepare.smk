"""Expression of each tissue, or its summary statistics, made ready for the model.

Needs: expression and covariates of the tissue, or a file of z-scores. Gives: <results>/prepared/{tissue}.parquet and, of a
release's counts, <results>/counts/{tissue}.parquet.
"""

if RUN.splits_counts:

    rule split:
        """Counts of all tissues, read once."""
        input:
            counts=RUN.release_file("counts"),
            samples=RUN.release_file("samples"),
        output:
            expand("<results>/counts/{tissue}.parquet", tissue=RUN.tissues),
        log:
            "<logs>/split.log",
        benchmark:
            "<benchmarks>/split.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
        params:
            version=VERSION,
            tissues=list(RUN.tissues),
            folder=subpath(output[0], parent=True),
        shell:
            r"""
            fqtl split --counts {input.counts:q} --samples {input.samples:q} \
                --tissues {params.tissues:q} --out {params.folder:q} 2>{log:q}
            """


if RUN.of_summary:

    rule prepare:
        """Rows of a file in the order of the genes; it goes by once."""
        input:
            check="<results>/check.json",
            files=lambda wildcards: RUN.expression_of(wildcards.tissue),
            genes=RUN.config.summary_statistics.genes,
        output:
            "<results>/prepared/{tissue}.parquet",
        log:
            "<logs>/prepare/{tissue}.log",
        benchmark:
            "<benchmarks>/prepare/{tissue}.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            file=lambda wildcards: str(RUN.tissues[wildcards.tissue].expression),
            summary=lambda wildcards: FLAGS.summary_of(wildcards.tissue),
        shell:
            r"""
            fqtl prepare summary --tissue {wildcards.tissue:q} --file {params.file:q} \
                {params.summary} --genes {input.genes:q} --out {output:q} 2>{log:q}
            """

else:

    rule prepare:
        """Donors matched, put on a scale, confounders regressed out, standardised."""
        input:
            check="<results>/check.json",
            expression=lambda wildcards: str(RUN.tissues[wildcards.tissue].expression),
            covariates=lambda wildcards: RUN.covariates_of(wildcards.tissue),
            others=[*RUN.gene_places, *RUN.donor_covariates],
            genotypes=RUN.genotypes,
        output:
            "<results>/prepared/{tissue}.parquet",
        log:
            "<logs>/prepare/{tissue}.log",
        benchmark:
            "<benchmarks>/prepare/{tissue}.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            covariates=lambda wildcards, input: flags("--covariates", input.covariates),
            variants=FLAGS.variants,
            values=FLAGS.values,
            prepare=FLAGS.prepare,
        shell:
            r"""
            fqtl prepare --tissue {wildcards.tissue:q} --expression {input.expression:q} \
                {params.covariates} {params.values} {params.prepare} \
                {params.genotypes} {params.variants} --out {output:q} 2>{log:q}
            """
