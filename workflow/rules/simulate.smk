"""A panel with known effects, if the config asks for one.

Needs: genotypes, released effects. Gives: <results>/panel/, with expression and covariates of each
tissue, truth.tsv.gz (what was simulated) and simulated.tsv (the genes).
"""

if "simulate" in config:
    PANEL = config["simulate"]

    rule simulate:
        """Expression and covariates of 44 tissues, with simulated effects."""
        input:
            genotypes=GENOTYPE_FILES,
            effects=PANEL["effects"],
            null_genes=PANEL.get("null_genes", []),
        output:
            expression=expand("<results>/panel/{tissue}.bed.gz", tissue=TISSUES),
            covariates=expand("<results>/panel/{tissue}.covariates.txt", tissue=TISSUES),
            truth="<results>/panel/truth.tsv.gz",
            genes="<results>/panel/simulated.tsv",
        log:
            "<logs>/simulate.log",
        benchmark:
            "<benchmarks>/simulate.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            genotypes=GENOTYPES,
            chromosome=PANEL["chromosome"],
            seed=PANEL["seed"],
            null_genes=(
                f"--null-genes {PANEL['null_genes']}" if "null_genes" in PANEL else ""
            ),
            max_genes=(
                f"--max-genes {PANEL['max_genes']}" if "max_genes" in PANEL else ""
            ),
            h2=f"--h2 {PANEL['h2']}" if "h2" in PANEL else "",
            noise_correlation=PANEL.get("noise_correlation", 0),
            folder=lambda wildcards, output: Path(output.truth).parent,
        shell:
            r"""
            fqtl simulate {params.genotypes} --chromosome {params.chromosome} \
                --effects {input.effects:q} {params.null_genes} {params.max_genes} {params.h2} \
                --noise-correlation {params.noise_correlation} --seed {params.seed} \
                --out {params.folder:q} 2>{log:q}
            """
