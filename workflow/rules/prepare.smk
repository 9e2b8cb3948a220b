"""Expression of each tissue, made ready for the model.

Needs: expression and covariates of the tissue. Gives: <results>/prepared/{tissue}.parquet.
"""


rule prepare:
    """Donors matched, ranks made normal if asked, covariates regressed out, standardised."""
    input:
        check="<results>/check.json",
        expression=lambda wildcards: TISSUES[wildcards.tissue]["expression"],
        covariates=covariates_of,
        genotypes=config["genotypes"]["path"],
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
        inverse_normal="--inverse-normal" if config["prepare"]["inverse_normal"] else "",
        min_samples=config["prepare"]["min_samples"],
    shell:
        r"""
        fqtl prepare --tissue {wildcards.tissue:q} --expression {input.expression:q} \
            {params.covariates} {params.inverse_normal} --min-samples {params.min_samples} \
            {params.genotypes} --out {output:q} 2>{log:q}
        """
