// The table of genes: DataTables over rows that stand as JSON in the page.
(function () {
  const genes = JSON.parse(document.getElementById("gene-rows").textContent);
  const at = Object.fromEntries(genes.columns.map((name, i) => [name, i]));
  const TISSUES = genes.columns.length; // place of the list of tissues with an effect
  const isText = new Set(["gene", "name", "chromosome", "status", "in tissue"]);

  function number(value, type) {
    if (type !== "display") return value === null ? "" : value;
    if (value === null) return "–";
    if (Number.isInteger(value)) return value.toLocaleString("en");
    return Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  }
  function gene(value, type) {
    if (type !== "display" || !genes.pages[value]) return value;
    return '<a href="' + encodeURI(genes.pages[value]) + '">' + value + "</a>";
  }
  // what is missing comes last, whichever way a column is sorted
  const missing = (a, b) => (a === "") - (b === "");
  DataTable.type("known", { className: "n", order: { asc: (a, b) => missing(a, b) || a - b,
                                                     desc: (a, b) => missing(a, b) || b - a } });
  const table = new DataTable("#gene-table", {
    data: genes.rows,
    columns: genes.columns.map((title, i) => ({
      title, data: i, type: isText.has(title) ? "string" : "known",
      searchable: isText.has(title), // numbers are for filters and sorting
      render: i === 0 ? gene : isText.has(title) ? DataTable.render.text() : number,
    })),
    order: [[at["q"], "asc"], [at["p"], "asc"]],
    deferRender: true, autoWidth: false, pageLength: 25,
    language: { search: "Search genes:" },
  });

  function choices(id, values) {
    const select = document.getElementById(id);
    for (const [value, words] of values) select.add(new Option(words, value));
    select.addEventListener("change", () => table.draw());
    return select;
  }
  const chromosomes = [...new Set(genes.rows.map((row) => row[at["chromosome"]]))];
  const found = choices("filter-found", [
    ["q", "found at a false discovery rate of " + 100 * genes.rate + " %"],
    ["factors", "with a factor"], ["tissue-specific", "with a tissue-specific effect"],
    ["best CV R²", "predicted (R² > " + genes.predicted + ")"], ["page", "with a page"],
    ["status", "not fitted"]]);
  const tissue = choices("filter-tissue", genes.tissues.map((name, i) => [i, name]));
  const chromosome = choices("filter-chromosome", chromosomes.map((name) => [name, name]));
  const tests = {
    q: (row) => row[at["q"]] !== null && row[at["q"]] < genes.rate,
    factors: (row) => row[at["factors"]] > 0,
    "tissue-specific": (row) => row[at["tissue-specific"]] > 0,
    "best CV R²": (row) => row[at["best CV R²"]] > genes.predicted,
    page: (row) => row[0] in genes.pages,
    status: (row) => row[at["status"]] !== "fitted",
  };
  table.search.fixed("filters", (text, row) =>
    (!found.value || tests[found.value](row)) &&
    (!tissue.value || row[TISSUES].includes(Number(tissue.value))) &&
    (!chromosome.value || row[at["chromosome"]] === chromosome.value));
})();
