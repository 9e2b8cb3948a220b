"""rs numbers of variants from a lookup table, if the config names one.

Needs: the table. Gives: <results>/rsids.parquet.
"""

if RUN.lookup_table:

    rule rsids:
        """Read the table once; jobs then find the region they want."""
        input:
            RUN.lookup_table,
        output:
            "<results>/rsids.parquet",
        log:
            "<logs>/rsids.log",
        benchmark:
            "<benchmarks>/rsids.tsv"
        conda:
            "../../envs/fqtl.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
        params:
            version=VERSION,
            build=config["genome_build"],
        shell:
            r"""
            fqtl rsids --table {input:q} --genome-build {params.build} --out {output:q} 2>{log:q}
            """
