"""Input is looked at before any of it is computed on, and what later stages refuse is refused.

Needs: genotypes, and expression and covariates of all tissues. Gives: <results>/check.json.
"""

# What is written in the end. Other params or input of this rule are a reason to do all that follows
# again, and other formats are none: so they stand among the resources, which are not compared
WRITTEN = " ".join(
    [
        "--formats",
        *config["weights"]["formats"],
        *(f"--gene-names {shlex.quote(path)}" for path in annotation()),
    ]
)


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
        written=WRITTEN,
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
        recipe=RECIPE,
        rsids=(
            "--needs-rsids"
            if (trained_on(), rsids_from()) == ("unambiguous", "file")
            else ""
        ),
    shell:
        r"""
        fqtl check {params.tissues} {params.genotypes} \
            --chromosomes {params.chromosomes:q} {params.values} {params.recipe} \
            {params.rsids} {resources.written} --out {output:q} 2>{log:q}
        """
