"""A panel with known effects, if the config asks for one.

Needs: genotypes, released effects. Gives: <results>/panel/, with expression and covariates of each
tissue, truth.tsv.gz (the simulated effects), simulated.tsv (the genes) and, if a trait is asked for,
trait.tsv.gz (its GWAS) and trait_truth.tsv (what it follows).
"""

if RUN.config.simulate:

    rule simulate:
        """Expression and covariates of 44 tissues, with known effects."""
        input:
            genotypes=RUN.genotypes,
            effects=RUN.config.simulate.effects,
            null_genes=RUN.config.simulate.null_genes or [],
        output:
            expression=expand("<results>/panel/{tissue}.bed.gz", tissue=RUN.tissues),
            covariates=expand(
                "<results>/panel/{tissue}.covariates.txt", tissue=RUN.tissues
            ),
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
            genotypes=lambda wildcards: FLAGS.genotypes,
            panel=FLAGS.panel,
            folder=subpath(output.truth, parent=True),
        shell:
            r"""
            fqtl simulate {params.genotypes} --effects {input.effects:q} {params.panel} \
                --out {params.folder:q} 2>{log:q}
            """


if FLAGS.simulated_trait:

    rule simulate_trait:
        """The GWAS of a trait that follows some of these effects."""
        input:
            genotypes=RUN.genotypes,
            truth="<results>/panel/truth.tsv.gz",
        output:
            gwas="<results>/panel/trait.tsv.gz",
            truth="<results>/panel/trait_truth.tsv",
        log:
            "<logs>/simulate_trait.log",
        benchmark:
            "<benchmarks>/simulate_trait.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            genotypes=lambda wildcards: FLAGS.genotypes,
            trait=FLAGS.simulated_trait,
            folder=subpath(output.gwas, parent=True),
        shell:
            r"""
            fqtl simulate trait {params.genotypes} {params.trait} --truth {input.truth:q} \
                --out {params.folder:q} 2>{log:q}
            """
