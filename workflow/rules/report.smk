"""What the run found, for people.

Needs: the tables in <results>/, lists of the weights, traits if there are. Gives:
<results>/report.html, its figures in <results>/figures/ and, for a simulated panel,
<results>/evaluation.json; pages of the strongest genes in <results>/genes/.
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


if RUN.config.report.gene_pages:

    rule gene_pages:
        """A page for each of the strongest genes."""
        input:
            rules.aggregate.output,
            shards="<results>/shards.tsv",
            parts=expand("<results>/fits/{shard}.parquet", shard=RUN.shards),
            traits=TWAS_TABLES,
            annotation=RUN.gene_names,
        output:
            report(
                directory("<results>/genes"),
                patterns=["{gene}.html"],
                caption="../report/gene.rst",
                category="Genes",
                labels={"gene": "{gene}"},
            ),
        log:
            "<logs>/gene_pages.log",
        benchmark:
            "<benchmarks>/gene_pages.tsv"
        conda:
            "../../envs/fqtl.yaml"
        # the report waits for it
        threads: 4
        resources:
            mem_mb=lambda wildcards, attempt: 4000 * attempt,
        params:
            version=VERSION,
            top=RUN.config.report.gene_pages,
            results=subpath(output[0], parent=True),
            annotation=lambda wildcards, input: flags("--annotation", input.annotation),
            # those of an earlier run may lie beside them
            traits=" ".join(["--traits", *RUN.traits]),
        shell:
            r"""
            fqtl plot gene --top {params.top} --results {params.results:q} {params.annotation} \
                {params.traits} --processes {threads} --out {output:q} 2>{log:q}
            """


rule report:
    """One self-contained page."""
    input:
        rules.aggregate.output,
        genes="<results>/genes.tsv",
        prepared="<results>/prepared.tsv",
        confounders="<results>/confounders.tsv",
        dropped="<results>/dropped.tsv.gz",
        noise=RUN.noise_correlation,
        removed="<results>/removed.tsv",
        weights=WEIGHT_LISTS,
        truth=TRUTH if RUN.config.simulate else [],
        traits=TWAS_TABLES,
        gene_pages="<results>/genes" if RUN.config.report.gene_pages else [],
        # genes along the loci of traits
        annotation=RUN.gene_names if RUN.traits else [],
    output:
        page=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"page": "report of the run"},
        ),
        figures=report(
            directory("<results>/figures"),
            patterns=["{name}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
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
        # those of an earlier run may lie beside them
        traits=" ".join(["--traits", *RUN.traits]),
        loci=RUN.config.report.loci,
        annotation=lambda wildcards, input: flags("--annotation", input.annotation),
        pages="" if RUN.config.report.gene_pages else "--no-gene-pages",
    shell:
        r"""
        fqtl report --results {params.results:q} --weights {input.weights:q} \
            {params.panel} {params.settings} {params.traits} {params.pages} \
            --loci {params.loci} {params.annotation} --figures {output.figures:q} \
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
