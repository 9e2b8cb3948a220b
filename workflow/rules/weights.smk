"""Weight files for TWAS programs.

Needs: <results>/fits.parquet. Gives, for each format of weights.formats in the config (docs/weights.md
says which program reads which):
<results>/weights/{format}/ with the models of each tissue that pass cross-validation (for focus, of
all tissues in one file), <results>/weights/predictdb/unfiltered/ with all, and joint covariances for
S-MultiXcan beside them; <results>/weights/factors/{format}/ with the models of factors.
A tissue without a gene for a file has no file, so what the rules declare are lists of what was
written: <results>/weights/{tissue}.tsv, factors/files.tsv and joint/files.tsv.
"""

FORMATS = config["weights"]["formats"]
OF_ALL_TISSUES = [name for name in FORMATS if name in ("predictdb", "focus")]
OF_A_TISSUE = [name for name in FORMATS if name != "focus"]
FILTER = " ".join(
    [
        f"--min-cv-r {config['weights']['min_cv_r']}",
        f"--max-cv-p {config['weights']['max_cv_p']}",
        f"--min-gene-pip {config['weights']['min_gene_pip']}",
        f"--max-q {config['weights']['max_q']}",
    ]
)
WEIGHT_LISTS = [
    *(expand("<results>/weights/{tissue}.tsv", tissue=TISSUES) if OF_A_TISSUE else []),
    *(["<results>/weights/joint/files.tsv"] if OF_ALL_TISSUES else []),
]
# one tissue shares nothing, and without factors every tissue is one
SHARING = len(TISSUES) > 1 and config["model"]["factored"]
FACTOR_LISTS = (
    ["<results>/weights/factors/files.tsv"]
    if config["weights"]["factors"] and SHARING
    else []
)


rule weights:
    """Models of one tissue."""
    input:
        fits="<results>/fits.parquet",
        annotation=annotation(),
    output:
        "<results>/weights/{tissue}.tsv",
    log:
        "<logs>/weights/{tissue}.log",
    benchmark:
        "<benchmarks>/weights/{tissue}.tsv"
    conda:
        "../../envs/fqtl.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        version=VERSION,
        limits=FILTER,
        formats=OF_A_TISSUE,
        annotation=named,
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        r"""
        fqtl weights --fits {input.fits:q} --tissue {wildcards.tissue:q} {params.limits} \
            {params.annotation} --formats {params.formats} --folder {params.folder:q} \
            --out {output:q} 2>{log:q}
        """


rule factor_weights:
    """Models of all factors, as if factors were genes of a tissue of their own."""
    input:
        fits="<results>/fits.parquet",
        annotation=annotation(),
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
        limits=FILTER,
        formats=FORMATS,
        annotation=named,
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        r"""
        fqtl weights --fits {input.fits:q} --factors {params.limits} {params.annotation} \
            --formats {params.formats} --folder {params.folder:q} --out {output:q} 2>{log:q}
        """


rule joint_weights:
    """What programs need of all tissues together."""
    input:
        fits="<results>/fits.parquet",
        annotation=annotation(),
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
        limits=FILTER,
        formats=OF_ALL_TISSUES,
        tissues=list(TISSUES),
        annotation=named,
        folder=lambda wildcards, output: Path(output[0]).parent.parent,
    shell:
        r"""
        fqtl joint --fits {input.fits:q} --tissues {params.tissues:q} {params.limits} \
            {params.annotation} --formats {params.formats} --folder {params.folder:q} \
            --out {output:q} 2>{log:q}
        """
