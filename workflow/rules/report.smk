"""What the run found, for people.

Needs: the tables in <results>/, lists of the weights, traits if there are. Gives:
<results>/report.html, its figures in <results>/figures/ and, for a simulated panel,
<results>/evaluation.json.
"""

TRUTH = ["<results>/panel/truth.tsv.gz", "<results>/panel/simulated.tsv"]


rule tidy:
    """What runs of another config left among the results is removed."""
    input:
        weights=WEIGHT_LISTS,
        prepared="<results>/prepared.tsv",
    output:
        "<results>/removed.tsv",
    log:
        "<logs>/tidy.log",
    benchmark:
        "<benchmarks>/tidy.tsv"
    conda:
        "../../envs/fqtl.yaml"
    params:
        version=VERSION,
        results=subpath(output[0], parent=True),
    shell:
        r"""
        fqtl tidy --results {params.results:q} --weights {input.weights:q} \
            --prepared {input.prepared:q} --out {output:q} 2>{log:q}
        """


rule report:
    """One self-contained page."""
    input:
        rules.aggregate.output,
        genes="<results>/genes.tsv",
        prepared="<results>/prepared.tsv",
        confounders="<results>/confounders.tsv",
        dropped="<results>/dropped.tsv.gz",
        removed="<results>/removed.tsv",
        weights=WEIGHT_LISTS,
        truth=TRUTH if RUN.config.simulate else [],
        traits=TWAS_TABLES,
    output:
        page=report("<results>/report.html", category="Results"),
        figures=directory("<results>/figures"),
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
        results=subpath(output.page, parent=True),
        panel=lambda wildcards, input: flags(
            "--panel", [Path(path).parent for path in input.truth[:1]]
        ),
        settings=lambda wildcards: FLAGS.settings,
    shell:
        r"""
        fqtl report --results {params.results:q} --weights {input.weights:q} \
            {params.panel} {params.settings} --figures {output.figures:q} \
            --out {output.page:q} 2>{log:q}
        """


rule evaluate:
    """What was found of the effects that were simulated."""
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
