"""What the subcommands are for, in the order of the work, and an example of each."""

from collections.abc import Mapping

TASKS = {
    "before a run": [
        "doctor",
        "check",
        "check config",
        "check traits",
        "check formats",
        "check summary",
        "check slurm",
        "split",
        "rsids",
    ],
    "a run, stage by stage (the workflow does this)": [
        "prepare",
        "shard",
        "learn-priors",
        "fit",
        "aggregate",
        "weights",
        "joint",
        "tidy",
    ],
    "the same from summary statistics": [
        "prepare summary",
        "shard summary",
        "noise-correlation",
        "learn-priors summary",
        "fit-summary",
    ],
    "results to look at": ["report", "plot gene", "plot locus"],
    "results for other programs": ["export"],
    "traits": ["twas"],
    "weights of others": ["check weights", "convert", "import-effects", "phi"],
    "simulation": ["simulate", "simulate trait", "evaluate", "evaluate trait"],
    "the shell": ["completion"],
}
GENOTYPES = "--genotypes genotypes.vcf.gz --genome-build GRCh38"
EXAMPLES = {
    "doctor": "fqtl doctor --config my.yaml --results results/my",
    "check": f"fqtl check {GENOTYPES} --tissues tissues.tsv --chromosomes auto --out check.json",
    "check weights": "fqtl check weights results/my/weights",
    "check config": "fqtl check config my.yaml",
    "check formats": "fqtl check formats --checked check.json --formats predictdb focus "
    "--out formats.json",
    "check traits": "fqtl check traits --traits traits.tsv --genome-build GRCh38 --out traits.json",
    "check slurm": "fqtl check slurm",
    "split": "fqtl split --counts reads.gct.gz --samples attributes.txt --tissues Liver Lung "
    "--out counts",
    "rsids": "fqtl rsids --table lookup_table.txt.gz --genome-build GRCh38 --out rsids.parquet",
    "prepare": f"fqtl prepare --tissue Liver --expression Liver.bed.gz {GENOTYPES} "
    "--out prepared/Liver.parquet",
    "shard": "fqtl shard --prepared prepared/Liver.parquet prepared/Lung.parquet "
    f"--chromosomes auto --count 8 --shards shards --results . {GENOTYPES}",
    "learn-priors": "fqtl learn-priors --shards shards/0001.parquet shards/0002.parquet "
    f"{GENOTYPES} --out priors.tsv",
    "fit": f"fqtl fit --shard shards/0001.parquet {GENOTYPES} --out fits/0001.parquet",
    "check summary": f"fqtl check summary --summary summary.tsv --genes genes.bed {GENOTYPES} "
    "--chromosomes auto --out check.json",
    "prepare summary": "fqtl prepare summary --tissue Liver --file Liver.allpairs.txt.gz "
    "--people 208 --genes genes.bed --out prepared/Liver.parquet",
    "shard summary": "fqtl shard summary --prepared prepared/Liver.parquet --genes genes.bed "
    f"--chromosomes auto --count 8 --shards shards --results . {GENOTYPES}",
    "noise-correlation": "fqtl noise-correlation --prepared prepared/Liver.parquet "
    "prepared/Lung.parquet --out noise_correlation.tsv",
    "learn-priors summary": "fqtl learn-priors summary --shards shards/0001.parquet "
    f"--prepared prepared/Liver.parquet {GENOTYPES} --out priors.tsv",
    "fit-summary": "fqtl fit-summary --summary summary.tsv --genes genes.bed "
    f"{GENOTYPES} --out fits.parquet",
    "aggregate": "fqtl aggregate --fits fits/0001.parquet fits/0002.parquet --genes genes.tsv "
    "--results . --out fits.parquet",
    "weights": "fqtl weights --fits fits.parquet --tissue Liver --formats predictdb "
    "--folder weights --out weights/Liver.tsv",
    "joint": "fqtl joint --fits fits.parquet --tissues Liver Lung --folder weights "
    "--out weights/joint/files.tsv",
    "export": "fqtl export --fits results/my/fits/*.parquet --out effects",
    "tidy": "fqtl tidy --results . --weights weights/Liver.tsv --prepared prepared.tsv "
    "--out removed.tsv",
    "report": "fqtl report --results results/my --weights results/my/weights/Liver.tsv "
    "--out report.html",
    "plot gene": "fqtl plot gene ENSG00000100321 --results results/my --out gene.html",
    "phi": f"fqtl phi --weights results/my/weights {GENOTYPES} --out phi.tsv",
    "plot locus": "fqtl plot locus --twas results/my/twas/x --top 10 --out loci",
    "twas": "fqtl twas --gwas gwas.tsv.gz --weights results/my/weights --out results/my/twas/x",
    "convert": "fqtl convert Liver.db --to fusion --out converted",
    "import-effects": "fqtl import-effects --effects effects.txt.gz "
    "--genotypes 1000G.vcf.gz --genome-build GRCh37 --out released",
    "simulate": f"fqtl simulate {GENOTYPES} --effects effects.txt.gz --chromosome 22 --out panel",
    "simulate trait": f"fqtl simulate trait {GENOTYPES} --truth panel/truth.tsv.gz "
    "--chromosome 22 --trait-donors 100000 --out panel",
    "evaluate": "fqtl evaluate --prediction prediction.tsv.gz --fits fits.tsv.gz --panel panel "
    "--out evaluation.json",
    "evaluate trait": "fqtl evaluate trait --twas twas/height --truth panel/trait_truth.tsv "
    "--out evaluation.json",
    "completion": "fqtl completion bash",
}


def contents(summaries: Mapping[str, str]) -> str:
    """Subcommands by task, as a table of contents."""
    wide = max(map(len, summaries))
    parts = [
        f"{task}:\n" + "\n".join(f"  {name:<{wide}}  {summaries[name]}" for name in names)
        for task, names in TASKS.items()
    ]
    return "\n\n".join([*parts, "`fqtl COMMAND --help` has flags, defaults and an example."])
