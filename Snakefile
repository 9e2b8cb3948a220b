"""Multi-tissue QTL models and TWAS weights: from genotypes and expression to weight files.

Reads top to bottom in the order of the method. `config/config.yaml` documents every key; a run of
your own is `snakemake --configfile my.yaml`.
"""

from os.path import exists

from snakemake.utils import min_version

min_version("9.17")

# of the folder that snakemake runs in or, where it has none, of this workflow
CONFIG = "config/config.yaml"


configfile: CONFIG if exists(CONFIG) else workflow.source_path(CONFIG)


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/rsids.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/shards.smk"


if RUN.of_summary:

    include: "workflow/rules/fit_summary.smk"

else:

    include: "workflow/rules/fit.smk"


include: "workflow/rules/aggregate.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/twas.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "<results>/report.html",
        "<results>/figures",
        "<results>/fits.parquet",
        rules.aggregate.output,
        WEIGHT_LISTS,
        PHI,
        TWAS_TABLES,
        ["<results>/evaluation.json"] if RUN.config.simulate else [],


onerror:
    print("", *failures(config["results"], STARTED), sep="\n", file=sys.stderr)


onsuccess:
    print(f"\n{ending(config['results'], in_part=asked_for_a_part())}")
