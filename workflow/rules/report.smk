"""What the run found, for people.

Needs: the tables in <results>/, lists of the weights. Gives: <results>/report.html, its figures in
<results>/figures/ and, for a simulated panel, <results>/evaluation.json.
"""

TRUTH = ["<results>/panel/truth.tsv.gz", "<results>/panel/simulated.tsv"]
SHOWN = {
    "genome build": config["genome_build"],
    "genotypes": config["genotypes"]["path"],
    "tissues": config["release"]["folder"] if FROM_FOLDER else config["tissues"],
    "cis window": f"{config['genes']['cis_window_bp']:,} bp",
    "minor allele frequency": f"at least {config['genotypes']['min_maf']}",
    "model": f"{config['model']['family']}, {config['model']['engine']}",
    "factors": f"at most {config['model']['rank']}",
    "permuted fits": f"at most {config['calibration']['permutations']}",
    "cross-validation": f"{config['cross_validation']['folds']} folds",
    "seed": config["seed"],
}


rule report:
    """One self-contained page; what runs of another config left beside it is removed."""
    input:
        tables=expand("<results>/{table}.tsv.gz", table=[*TABLES, "dropped"]),
        genes="<results>/genes.tsv",
        prepared="<results>/prepared.tsv",
        confounders="<results>/confounders.tsv",
        weights=[*WEIGHT_LISTS, *FACTOR_LISTS],
        truth=TRUTH if "simulate" in config else [],
    output:
        "<results>/report.html",
    log:
        "<logs>/report.log",
    benchmark:
        "<benchmarks>/report.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        results=lambda wildcards, output: Path(output[0]).parent,
        figures=lambda wildcards, output: Path(output[0]).parent / "figures",
        panel=lambda wildcards, input: (
            f"--panel {shlex.quote(str(Path(input.truth[0]).parent))}"
            if input.truth
            else ""
        ),
        settings=" ".join(
            f"--setting {shlex.quote(name)} {shlex.quote(str(value))}"
            for name, value in SHOWN.items()
        ),
    shell:
        r"""
        fqtl report --results {params.results:q} --weights {input.weights:q} \
            {params.panel} {params.settings} --figures {params.figures:q} --tidy \
            --out {output:q} 2>{log:q}
        """


rule evaluate:
    """What was found of what was simulated."""
    input:
        prediction="<results>/prediction.tsv.gz",
        fits="<results>/fits.tsv.gz",
        truth=TRUTH,
    output:
        "<results>/evaluation.json",
    log:
        "<logs>/evaluate.log",
    benchmark:
        "<benchmarks>/evaluate.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        panel=lambda wildcards, input: Path(input.truth[0]).parent,
    shell:
        r"""
        fqtl evaluate --prediction {input.prediction:q} --fits {input.fits:q} \
            --panel {params.panel:q} --out {output:q} 2>{log:q}
        """
