"""All input is looked at before any of it is computed on.

Needs: the sheet and the files it names, genotypes. Gives: <results>/check.json.
"""


rule check:
    """Files, indexes, donors in common, chromosomes, room on the disk."""
    input:
        sheet=config["tissues"],
        genotypes=config["genotypes"]["path"],
        expression=[row["expression"] for row in TISSUES.values()],
        covariates=[row["covariates"] for row in TISSUES.values() if row["covariates"]],
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
        genotypes=GENOTYPES,
        chromosomes=config["genes"]["chromosomes"],
        min_samples=config["prepare"]["min_samples"],
    shell:
        r"""
        fqtl check --tissues {input.sheet:q} {params.genotypes} \
            --chromosomes {params.chromosomes:q} --min-samples {params.min_samples} \
            --out {output:q} 2>{log:q}
        """
