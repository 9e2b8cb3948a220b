"""The report of a release: a finished run, its genes repeated until there are as many.

python -m tests.benchmarks.report results/demo FOLDER --genes 20000 --tissues 49

Says how large the page is, what it takes to make, and, where there is Debian's chromium, when its
table of genes stands and how long a search takes.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

OF_GENES = (
    *("genes.tsv", "fits.tsv.gz", "factors.tsv.gz", "tissues.tsv.gz", "credible_sets.tsv.gz"),
    *("prediction.tsv.gz", "dropped_variants.tsv.gz", "nulls.tsv.gz"),
)
OF_TISSUES = ("prepared.tsv", "confounders.tsv")
AS_THEY_ARE = ("dropped.tsv.gz", "calibration.tsv.gz")
# what stands at the end of a copy of the page: when the table is there, and what a search takes
CLOCK = """<script>
const clock = [performance.now()];
const search = document.querySelector("#genes input[type=search], #genes .dt-search input");
search.value = "1000";
search.dispatchEvent(new Event("input", { bubbles: true }));
search.dispatchEvent(new Event("keyup", { bubbles: true }));
clock.push(performance.now());
const rows = document.querySelectorAll("#gene-table tbody tr").length;
document.body.dataset.clock = clock.map(Math.round).join(" ") + " " + rows;
</script></body>"""


def repeated(table: pd.DataFrame, times: int) -> pd.DataFrame:
    """The table for `times` as many genes, in blocks, each with ids of its own."""
    ends = [f"_{block}" if block else "" for block in range(times) for _ in range(len(table))]
    whole = pd.concat([table] * times, ignore_index=True)
    whole["gene_id"] = [gene + end for gene, end in zip(whole["gene_id"], ends, strict=True)]
    return whole


def with_tissues(table: pd.DataFrame, names: list[str], wanted: int) -> pd.DataFrame:
    """The table with rows of the first tissues once more, under new names."""
    more = {name: f"{name}_{i}" for i, name in enumerate(names[: max(0, wanted - len(names))])}
    again = table[table["tissue"].isin(list(more))]
    return pd.concat([table, again.assign(tissue=again["tissue"].map(more))], ignore_index=True)


def enlarge(source: Path, folder: Path, genes: int, tissues: int) -> None:
    """Result tables for so many genes and tissues, of those of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(pd.read_csv(source / "prepared.tsv", sep="\t")["tissue"])
    times = -(-genes // len(pd.read_csv(source / "genes.tsv", sep="\t")))
    for name in (*OF_GENES, *OF_TISSUES):
        table = pd.read_csv(source / name, sep="\t", dtype=str, keep_default_na=False)
        if "tissue" in table and name != "credible_sets.tsv.gz":
            table = with_tissues(table, names, tissues)
        if name in OF_GENES:
            table = repeated(table, times)
        compression = {"method": "gzip", "compresslevel": 1} if name.endswith("gz") else None
        table.to_csv(folder / name, sep="\t", index=False, compression=compression)
    for name in AS_THEY_ARE:
        shutil.copy(source / name, folder / name)
    store = pq.read_table(source / "fits.parquet", columns=["gene_id", "permuted_fits"])
    index = np.tile(np.arange(len(store)), times)
    ids = repeated(pd.DataFrame({"gene_id": store["gene_id"].to_pylist()}), times)["gene_id"]
    whole = store.take(index).set_column(0, "gene_id", [ids.to_list()])
    pq.write_table(whole.replace_schema_metadata(store.schema.metadata), folder / "fits.parquet")
    shutil.copytree(source / "weights", folder / "weights", dirs_exist_ok=True)


def make(folder: Path) -> Path:
    """The page, made by a process of its own, whose cost is told."""
    weights = sorted(map(str, (folder / "weights").glob("*.tsv")))
    page = folder / "report.html"
    command = [sys.executable, "-c", "from fqtl.cli import entry; entry()", "report"]
    flags = ["--results", str(folder), "--weights", *weights, "--traits", "--out", str(page)]
    subprocess.run([*command, *flags], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6
    print(f"{page.stat().st_size / 1e6:.1f} MB, made in {seconds:.0f} CPU s and {peak:.0f} MB")
    return page


def look(page: Path) -> None:
    """When the table of genes stands in a browser, in ms since the page was asked for."""
    browser = shutil.which("chromium")
    if browser is None:
        print("no chromium: not opened")
        return
    timed = page.with_name("timed.html")
    timed.write_text(CLOCK.join(page.read_text().rsplit("</body>", 1)))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", timed.as_uri()]
    shown = subprocess.run([browser, *flags], capture_output=True, text=True, check=True).stdout
    stands, searched, rows = map(int, re.search(r'data-clock="([\d ]+)"', shown).group(1).split())
    print(f"table after {stands} ms, a search in {searched - stands} ms, {rows} rows shown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="results of a finished run")
    parser.add_argument("folder", type=Path, help="where enlarged tables and the page go")
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--tissues", type=int, default=49)
    given = parser.parse_args()
    enlarge(given.source, given.folder, given.genes, given.tissues)
    look(make(given.folder))


if __name__ == "__main__":
    main()
