"""Input is looked at before any of it is computed on, and what later stages refuse is refused.

Needs: genotypes, and expression and covariates of all tissues or their summary statistics. Gives: <results>/check.json, and
formats.json of what weights will be written.
"""

if RUN.of_summary:

    rule check:
        """Files of summary statistics, people, and whether their first rows are of the panel."""
        input:
            sheet=RUN.sheet,
            genotypes=RUN.genotypes,
            files=RUN.expression,
            genes=RUN.config.summary_statistics.genes,
            noise=RUN.given_noise_correlation,
            rsids=RUN.rsids,
        output:
            "<results>/check.json",
        log:
            "<logs>/check.log",
        benchmark:
            "<benchmarks>/check.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * RUN.times_memory * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            variants=FLAGS.variants,
            chromosomes=config["genes"]["chromosomes"],
            noise=flags("--noise-correlation", RUN.given_noise_correlation),
            rsids=FLAGS.needs_rsids,
        shell:
            r"""
            fqtl check summary --summary {input.sheet:q} --genes {input.genes:q} \
                {params.genotypes} {params.variants} --chromosomes {params.chromosomes:q} \
                {params.noise} {params.rsids} --out {output:q} 2>{log:q}
            """

else:

    rule check:
        """Files, indexes, donors in common, chromosomes, room on the disk."""
        input:
            sheet=RUN.sheet,
            genotypes=RUN.genotypes,
            expression=RUN.expression,
            others=[*RUN.gene_places, *RUN.donor_covariates],
            covariates=RUN.covariates,
        output:
            "<results>/check.json",
        log:
            "<logs>/check.log",
        benchmark:
            "<benchmarks>/check.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            tissues=FLAGS.tissues,
            chromosomes=config["genes"]["chromosomes"],
            values=FLAGS.values,
            prepare=FLAGS.prepare,
            rsids=FLAGS.needs_rsids,
        shell:
            r"""
            fqtl check {params.tissues} {params.genotypes} \
                --chromosomes {params.chromosomes:q} {params.values} {params.prepare} \
                {params.rsids} --out {output:q} 2>{log:q}
            """


rule check_formats:
    """Genes and annotation that the formats of weights take; other formats fit nothing again."""
    input:
        check="<results>/check.json",
        annotation=RUN.gene_names,
    output:
        "<results>/formats.json",
    log:
        "<logs>/check_formats.log",
    benchmark:
        "<benchmarks>/check_formats.tsv"
    # what it refuses is known before fits start
    priority: 1
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        version=VERSION,
        formats=config["weights"]["formats"],
        annotation=lambda wildcards, input: flags("--annotation", input.annotation),
    shell:
        r"""
        fqtl check formats --checked {input.check:q} --formats {params.formats} \
            {params.annotation} --out {output:q} 2>{log:q}
        """
