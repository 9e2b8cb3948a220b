"""Weight files for TWAS programs.

Needs: <results>/fits.parquet, priors.tsv (with model.priors: learned). Gives, for each format of
weights.formats in the config (docs/weights.md says which program reads which):
<results>/weights/{format}/ with the models of each tissue that pass cross-validation (for focus, of
all tissues in one file), <results>/weights/predictdb/unfiltered/ with all, and joint covariances for
S-MultiXcan beside them; <results>/weights/factors/{format}/ with the models of factors.
A tissue without a gene for a file has no file, so what the rules declare are lists of what was
written: <results>/weights/{tissue}.tsv, factors/files.tsv and joint/files.tsv.
"""

# of each tissue, of all together, and of factors
WEIGHT_LISTS = [
    *(
        expand("<results>/weights/{tissue}.tsv", tissue=RUN.tissues)
        if RUN.formats_of_a_tissue
        else []
    ),
    *(["<results>/weights/joint/files.tsv"] if RUN.formats_of_all_tissues else []),
    *(["<results>/weights/factors/files.tsv"] if RUN.writes_factors else []),
]
# a probability is asked for by what is probable beforehand
PRIORS = ["<results>/priors.tsv"] if config["model"]["priors"] == "learned" else []
# written into the PredictDB files, too
PHI = ["<results>/weights/phi.tsv.gz"] if RUN.config.weights.phi else []


rule weights:
    """Models of all tissues, in one job: of a demo a process for each takes three times as long."""
    input:
        fits="<results>/fits.parquet",
        formats="<results>/formats.json",
        annotation=RUN.gene_names,
        priors=PRIORS,
    output:
        expand("<results>/weights/{tissue}.tsv", tissue=RUN.tissues),
    log:
        "<logs>/weights.log",
    benchmark:
        "<benchmarks>/weights.tsv"
    conda:
        "../../envs/fqtl.yaml"
    # traits wait for it; each process holds the models of a tissue
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        tissues=list(RUN.tissues),
        limits=FLAGS.filter,
        formats=RUN.formats_of_a_tissue,
        annotation=lambda wildcards, input: flags("--annotation", input.annotation),
        priors=lambda wildcards, input: flags("--priors", input.priors),
        folder=subpath(output[0], parent=True),
    shell:
        r"""
        fqtl weights --fits {input.fits:q} --tissue {params.tissues:q} {params.limits} \
            {params.annotation} {params.priors} --formats {params.formats} --folder {params.folder:q} \
            --processes {threads} --out {output:q} 2>{log:q}
        """


rule factor_weights:
    """Models of all factors, as if factors were genes of a tissue of their own."""
    input:
        fits="<results>/fits.parquet",
        formats="<results>/formats.json",
        annotation=RUN.gene_names,
    output:
        "<results>/weights/factors/files.tsv",
    log:
        "<logs>/factor_weights.log",
    benchmark:
        "<benchmarks>/factor_weights.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        limits=FLAGS.filter,
        formats=config["weights"]["formats"],
        annotation=lambda wildcards, input: flags("--annotation", input.annotation),
        folder=subpath(output[0], parent=True),
    shell:
        r"""
        fqtl weights --fits {input.fits:q} --factors {params.limits} {params.annotation} \
            --formats {params.formats} --folder {params.folder:q} --out {output:q} 2>{log:q}
        """


rule joint_weights:
    """What programs need of all tissues together."""
    input:
        fits="<results>/fits.parquet",
        formats="<results>/formats.json",
        annotation=RUN.gene_names,
        priors=PRIORS,
    output:
        "<results>/weights/joint/files.tsv",
    log:
        "<logs>/joint_weights.log",
    benchmark:
        "<benchmarks>/joint_weights.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
    params:
        version=VERSION,
        limits=FLAGS.filter,
        formats=RUN.formats_of_all_tissues,
        tissues=list(RUN.tissues),
        annotation=lambda wildcards, input: flags("--annotation", input.annotation),
        priors=lambda wildcards, input: flags("--priors", input.priors),
        folder=subpath(output[0], ancestor=2),
    shell:
        r"""
        fqtl joint --fits {input.fits:q} --tissues {params.tissues:q} {params.limits} \
            {params.annotation} {params.priors} --formats {params.formats} --folder {params.folder:q} \
            --out {output:q} 2>{log:q}
        """


rule phi:
    """What a polygenic trait adds to the z² of each model, put into the PredictDB files."""
    input:
        weights=WEIGHT_LISTS,
        # of which no earlier run has left any
        removed="<results>/removed.tsv",
        genotypes=RUN.genotypes,
    output:
        "<results>/weights/phi.tsv.gz",
    log:
        "<logs>/phi.log",
    benchmark:
        "<benchmarks>/phi.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        genotypes=FLAGS.genotypes,
        folder=subpath(output[0], parent=True),
    shell:
        r"""
        fqtl phi --weights {params.folder:q} {params.genotypes} --out {output:q} 2>{log:q}
        """
