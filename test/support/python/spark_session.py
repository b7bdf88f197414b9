"""A Spark session of this machine with Delta, as a Databricks cluster has it: for tests, benchmarks and the local cloud."""

import glob
import os

from pyspark.sql import SparkSession


SMALL = {
    # A JVM that lives for a minute has no use of code that is made fast.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def local_session(jars: str, warehouse: str, cores: int = 2, is_small: bool = False) -> SparkSession:
    """
    :param jars: folder of the jars of Delta and of Kafka's connector
    :param warehouse: folder for what the session leaves behind
    :param is_small: few rows, so that compiling would take longer than running
    """
    builder = SparkSession.builder.master(f"local[{cores}]").appName("iomt-scoring")
    for name, value in {
        "spark.jars": ",".join(sorted(glob.glob(os.path.join(jars, "*.jar")))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.sql.warehouse.dir": warehouse,
        "spark.local.dir": warehouse,
        **(SMALL if is_small else {}),
    }.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
