"""Reads a captured file with fastavro and prints its schema and records as JSON."""
import json
import sys

import fastavro

with open(sys.argv[1], "rb") as file:
    reader = fastavro.reader(file)
    records = [{**record, "Body": record["Body"].decode()} for record in reader]
    print(json.dumps({"schema": reader.writer_schema, "codec": reader.codec, "records": records}, default=repr))
