"""All input is looked at before any of it is computed on.

Needs: genotypes, and expression and covariates of all tissues. Gives: <results>/check.json.
"""


rule check:
    """Files, indexes, donors in common, chromosomes, room on the disk."""
    input:
        sheet=[] if FROM_FOLDER else config["tissues"],
        genotypes=GENOTYPE_FILES,
        expression=[row["expression"] for row in TISSUES.values()],
        others=[*ANNOTATION, *DONOR_COVARIATES],
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
        tissues=(
            " ".join(
                f"--tissue {name} {shlex.quote(row['expression'])} {shlex.quote(row['covariates'])}"
                for name, row in TISSUES.items()
            )
            if FROM_FOLDER
            else f"--tissues {shlex.quote(config['tissues'])}"
        ),
        chromosomes=config["genes"]["chromosomes"],
        values=VALUES,
        min_samples=config["prepare"]["min_samples"],
        rsids=(
            "--needs-rsids"
            if (trained_on(), rsids_from()) == ("unambiguous", "file")
            else ""
        ),
    shell:
        r"""
        fqtl check {params.tissues} {params.genotypes} \
            --chromosomes {params.chromosomes:q} --min-samples {params.min_samples} \
            {params.values} {params.rsids} --out {output:q} 2>{log:q}
        """
