"""Traits tested with the weights of the run.

Needs: <results>/weights/, genotypes, the sheet of traits and their GWAS. Gives:
<results>/twas/{trait}/ with the tables and figures of `fqtl twas` (docs/twas.md) and, of a
simulated trait, evaluation.json.
"""

TWAS = "<results>/twas/{trait}"
TWAS_TABLES = [
    *expand(f"{TWAS}/associations.tsv.gz", trait=RUN.traits, allow_missing=True),
    *expand(f"{TWAS}/evaluation.json", trait=RUN.simulated_traits, allow_missing=True),
]
LOCI = [
    f"{TWAS}/{name}.tsv.gz"
    for name in ("loci", "fine_mapping", "locus_variants")
    if RUN.config.twas.fine_mapping
]

SHARED = [f"{TWAS}/colocalisation.tsv.gz"] if RUN.config.twas.colocalisation else []


rule check_traits:
    """Headers of all GWAS; other traits fit nothing again."""
    input:
        sheet=RUN.trait_sheet,
        gwas=RUN.gwas,
    output:
        "<results>/traits.json",
    log:
        "<logs>/check_traits.log",
    benchmark:
        "<benchmarks>/check_traits.tsv"
    # what it refuses is known before fits start
    priority: 1
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        version=VERSION,
        build=config["genome_build"],
    shell:
        r"""
        fqtl check traits --traits {input.sheet:q} --genome-build {params.build:q} \
            --out {output:q} 2>{log:q}
        """


rule twas:
    """One trait with all models of the run."""
    input:
        checked="<results>/traits.json",
        gwas=lambda wildcards: RUN.gwas_of(wildcards.trait),
        weights=WEIGHT_LISTS,
        phi=PHI,
        effects=(
            expand("<results>/fits/{shard}.parquet", shard=RUN.shards)
            if RUN.config.twas.colocalisation
            else []
        ),
        # of which no earlier run has left any
        removed="<results>/removed.tsv",
        # their LD
        genotypes=RUN.genotypes if RUN.config.twas.fine_mapping else [],
    output:
        LOCI,
        SHARED,
        associations="<results>/twas/{trait}/associations.tsv.gz",
        factors="<results>/twas/{trait}/factors.tsv.gz",
        genes="<results>/twas/{trait}/genes.tsv.gz",
        variants="<results>/twas/{trait}/variants.tsv.gz",
        audit="<results>/twas/{trait}/audit.json",
        manhattan=report(
            "<results>/twas/{trait}/manhattan.svg",
            caption="../report/manhattan.rst",
            category="Traits",
            labels={"trait": "{trait}", "figure": "manhattan"},
        ),
        quantiles=report(
            "<results>/twas/{trait}/quantiles.svg",
            caption="../report/quantiles.rst",
            category="Traits",
            labels={"trait": "{trait}", "figure": "quantiles"},
        ),
        tissues=report(
            "<results>/twas/{trait}/tissues.svg",
            caption="../report/tissues.rst",
            category="Traits",
            labels={"trait": "{trait}", "figure": "tissues"},
        ),
    log:
        "<logs>/twas/{trait}.log",
    benchmark:
        "<benchmarks>/twas/{trait}.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        gwas=lambda wildcards: FLAGS.gwas(wildcards.trait),
        twas=lambda wildcards: FLAGS.twas,
        effects=lambda wildcards, input: (
            f"--effects {shlex.join(input.effects)}" if input.effects else ""
        ),
        weights=lambda wildcards, input: Path(input.removed).parent / "weights",
        folder=subpath(output.associations, parent=True),
    shell:
        r"""
        fqtl twas --gwas {input.gwas[0]:q} {params.gwas} {params.twas} {params.effects} \
            --weights {params.weights:q} --figures --out {params.folder:q} 2>{log:q}
        """


rule evaluate_trait:
    """What was found of what a simulated trait follows."""
    input:
        LOCI,
        SHARED,
        genes="<results>/twas/{trait}/genes.tsv.gz",
        truth="<results>/panel/trait_truth.tsv",
    output:
        "<results>/twas/{trait}/evaluation.json",
    log:
        "<logs>/evaluate_trait/{trait}.log",
    benchmark:
        "<benchmarks>/evaluate_trait/{trait}.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        version=VERSION,
        folder=subpath(input.genes, parent=True),
    shell:
        r"""
        fqtl evaluate trait --twas {params.folder:q} --truth {input.truth:q} --out {output:q} \
            2>{log:q}
        """
