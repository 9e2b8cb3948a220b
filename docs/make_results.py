"""Print docs/results.md: what each file and column of a run means.

python docs/make_results.py > docs/results.md
"""

from fqtl.tables.columns import COLUMNS

FILES = {
    "genes": ("genes.tsv", "Every gene of the input, in the order of the genome."),
    "prepared": ("prepared.tsv", "Every tissue of the input, and what was kept of it."),
    "confounders": ("confounders.tsv", "What expression follows that is not genetics, by tissue."),
    "outliers": ("outliers.tsv", "Donors whose expression is unlike that of the others."),
    "dropped": (
        "dropped.tsv.gz",
        "Genes left out of single tissues; the gene `*` where a whole tissue was left out.",
    ),
    "shards": ("shards.tsv", "Which job fitted which gene."),
    "plan": ("plan.tsv", "Each shard, and what its job was expected to need."),
    "priors": (
        "priors.tsv",
        "What a sample of genes says beforehand of every gene ([how it is learned]"
        "(model.md#priors-of-a-release)); with `model.priors: learned`.",
    ),
    "fits": ("fits.tsv.gz", "How the fit of each gene went."),
    "factors": ("factors.tsv.gz", "Factors of each gene: which tissues share which variants."),
    "variants": (
        "variants.tsv.gz",
        "Variants of each factor whose PIP reaches `weights.min_pip` of the config.",
    ),
    "tissues": ("tissues.tsv.gz", "All tissues of each factor."),
    "specific": (
        "specific.tsv.gz",
        "Effects of single tissues beside the factors, where the PIP reaches `weights.min_pip`.",
    ),
    "credible_sets": (
        "credible_sets.tsv.gz",
        "Where each likely effect may be: the fewest variants that hold it with 95 % probability. "
        "Only sets of a purity of at least 0.5.",
    ),
    "prediction": (
        "prediction.tsv.gz",
        "Each gene in each tissue: is there an effect, and how well are unseen donors predicted?",
    ),
    "calibration": (
        "calibration.tsv.gz",
        "How many discoveries there are, and how they were calibrated ([why so](calibration.md)).",
    ),
    "nulls": ("nulls.tsv.gz", "The first permuted fit of each gene."),
    "dropped_variants": (
        "dropped_variants.tsv.gz",
        "Variants of each gene's cis window that were left out, counted by reason.",
    ),
    "used": (
        "used.tsv",
        "Of a run on [summary statistics](from-summary-statistics.md): what became of their rows. "
        "`used/{shard}.tsv` says it of each gene, and `noise_correlation.tsv`, a table of tissues "
        "by tissues, what z-scores share where nothing acts.",
    ),
    "removed": ("removed.tsv", "What was removed because a run of another config had left it."),
    "weights": (
        "weights/{tissue}.tsv",
        "Weight files of each tissue, and how many genes they hold. `weights/factors/files.tsv` "
        "and `weights/joint/files.tsv` list those of factors and of all tissues together.",
    ),
    "associations": (
        "twas/{trait}/associations.tsv.gz",
        "Written by [`fqtl twas`](twas.md): every model of a gene in a tissue.",
    ),
    "twas_factors": (
        "twas/{trait}/factors.tsv.gz",
        "Every factor of a gene: one test for what its tissues share.",
    ),
    "twas_genes": ("twas/{trait}/genes.tsv.gz", "Every gene over its tissues and its factors."),
    "phi": (
        "weights/phi.tsv.gz",
        "With `weights.phi`: what a polygenic trait adds to the z² of each model "
        "([polygenic background](twas.md#polygenic-background)).",
    ),
    "loci": (
        "twas/{trait}/loci.tsv.gz",
        "Every effect in blocks of chromosomes with an association, and what explains it best "
        "([fine-mapping](twas.md#which-gene-which-tissue-which-mechanism)).",
    ),
    "locus_variants": (
        "twas/{trait}/locus_variants.tsv.gz",
        "All variants of these blocks: what `fqtl plot locus` and the report draw.",
    ),
    "fine_mapping": (
        "twas/{trait}/fine_mapping.tsv.gz",
        "Candidates of these blocks: all models, and variants with a PIP of 0.01 at least.",
    ),
    "colocalisation": (
        "twas/{trait}/colocalisation.tsv.gz",
        "Each effect on expression beside each on the trait in its block: are they of one variant "
        "([colocalisation](twas.md#colocalisation))?",
    ),
    "twas_variants": (
        "twas/{trait}/variants.tsv.gz",
        "What became of every variant of every model.",
    ),
}

HEAD = """# Result files

All paths are below `results` of the config. Text tables are tab-separated with one header line;
`NA` marks a missing number. Allele signs refer to the effect allele (ALT); "standardised scale"
means standard deviations of genotype (variants) and of prepared expression (tissues), so that the
product of a variant's and a tissue's loading is an effect in standard deviations. Columns that were
renamed in this version stand once more behind the others, under their old names: `evidence`,
`own_p` and `n_specific` in `fits.tsv.gz`, `evidence` in `nulls.tsv.gz`, `nulls`, `null_share` and
`found_among_nulls` in `calibration.tsv.gz`. The next version leaves them out.

| file | what it holds |
|---|---|
| `report.html` | one page for people, self-contained ([what it shows](#the-report)) |
| `figures/*.svg`, `figures/*.tsv` | its figures, and the numbers that each shows |
| `genes/{gene}.html` | pages of the strongest genes (`report.gene_pages` of the config) |
| `weights/predictdb/{tissue}.db` | PredictDB of the genes that pass cross-validation |
| `weights/predictdb/{tissue}.txt.gz` | covariance of their dosages, by rsid; by varID in `varid/` |
| `weights/predictdb/joint_covariance.txt.gz` | the same over all tissues, for S-MultiXcan |
| `weights/predictdb/unfiltered/` | PredictDB of every gene that has a weight |
| `weights/fusion/`, `weights/tigar/`, `weights/focus/` | the same genes, as the config asks |
| `weights/factors/` | models of factors instead of tissues, in the same formats |
| `fits.parquet` | everything about every gene in one file, for programs |
| `check.json`, `formats.json` | what was found in the input, and of what weights need |
| `evaluation.json` | for a simulated panel: how much of the simulated truth was found |
| `twas/{trait}/` | a trait tested with these weights: tables (below), figures, `audit.json` |
| `twas/{trait}/evaluation.json` | of a simulated trait: how much of what it follows was found |
| `traits.json` | what was found in the headers of the GWAS |
| `panel/` | the simulated panel itself; of a trait `trait.tsv.gz` and `trait_truth.tsv` |
| `logs/`, `benchmarks/` | messages, seconds and memory of every job |
| `fits/` | fits of each shard; `fqtl export` makes of them [what coloc reads](effects.md) |
| `prepared/`, `shards/` | what stages hand to each other; may be deleted after a run |

Weights are in standard deviations of prepared expression per copy of the effect allele; formats
that want another unit have it ([which file is for which program](weights.md)). A tissue without a
gene for a file has no file: its readers fail on an empty one. What runs of another config left in
`weights/` and `prepared/`, as of a tissue no longer listed, is removed by the rule `tidy` (see
`removed.tsv`); files that a run did not make are not touched.

## The report

`report.html` needs no network and no other file, and can be printed. Its sections: warnings; the
run (settings, versions, tissues, what was left out and why); time and memory of each stage;
discoveries at four false discovery rates, with the smallest rate that can be told; a table of all
genes that is sorted, searched and filtered in the browser; calibration; prediction, beside the
elastic net where it was run; weight files and the commands of their programs; traits, if `fqtl
twas` wrote any to `twas/{trait}/`; and of a simulated panel what was found. A section without
content says why. The same run gives the same page to the byte but for its section of time and
memory.

A gene's page has the PIPs of its variants along the chromosome, coloured by LD (and the genes
there, if a GTF is known), credible sets, loadings of tissues with intervals, prediction in donors
held out, weights, and its tests in traits. With `cross_validation: {keep_predictions: true}`, as in
the demo, it also shows single donors: observed expression over what fits to others predict, with
the r² of `prediction.tsv.gz`. They are individual-level data, which the report and `fits.parquet`
never hold: they stand in `fits/{shard}.parquet` (8 bytes for each donor and tissue), without names
and in the order of prediction, and on the pages of genes, which must stay where expression may be.
`fqtl plot gene GENE --results FOLDER --out gene.html`
makes one of any gene in 2 s of processor time (44 tissues). `snakemake --report archive.zip` puts
report, figures and pages into one archive with captions.

With 20,000 genes in 49 tissues (those of the demo, repeated: `python -m tests.benchmarks.report
results/demo FOLDER`) the page has 3.2 MB and is made in 11 s of processor time and 404 MB. In
Chromium, on two cores that other work kept busy, its table stood after 2.8 s, and a search took
0.1 s.
"""


def page() -> str:
    parts = [HEAD]
    for kind, (name, what) in FILES.items():
        rows = "\n".join(f"| `{column}` | {text} |" for column, text in COLUMNS[kind].items())
        parts.append(f"## `{name}`\n\n{what}\n\n| column | meaning |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
