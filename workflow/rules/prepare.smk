"""Expression of each tissue, made ready for the model.

Needs: expression and covariates of the tissue. Gives: <results>/prepared/{tissue}.parquet and, of a
release's counts, <results>/counts/{tissue}.parquet.
"""

if SPLIT:

    rule split:
        """Counts of all tissues, read once."""
        input:
            counts=in_release(RELEASE["counts"]),
            samples=in_release(RELEASE["samples"]),
        output:
            expand("<results>/counts/{tissue}.parquet", tissue=TISSUES),
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
            tissues=list(TISSUES),
            folder=lambda wildcards, output: Path(output[0]).parent,
        shell:
            r"""
            fqtl split --counts {input.counts:q} --samples {input.samples:q} \
                --tissues {params.tissues:q} --out {params.folder:q} 2>{log:q}
            """


rule prepare:
    """Donors matched, put on a scale, confounders regressed out, standardised."""
    input:
        check="<results>/check.json",
        expression=lambda wildcards: TISSUES[wildcards.tissue]["expression"],
        covariates=covariates_of,
        others=[*ANNOTATION, *DONOR_COVARIATES],
        genotypes=GENOTYPE_FILES,
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
        genotypes=GENOTYPES,
        covariates=lambda wildcards, input: (
            f"--covariates {shlex.quote(input.covariates[0])}"
            if input.covariates
            else ""
        ),
        variants=VARIANTS,
        values=VALUES,
        recipe=RECIPE,
    shell:
        r"""
        fqtl prepare --tissue {wildcards.tissue:q} --expression {input.expression:q} \
            {params.covariates} {params.values} {params.recipe} \
            {params.genotypes} {params.variants} --out {output:q} 2>{log:q}
        """
