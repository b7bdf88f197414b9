"""Parses each T-SQL statement of a JSON array (a file); prints a line for each that is not understood."""

import json
import sys

import sqlglot
from sqlglot import exp

with open(sys.argv[1], encoding="utf-8") as file:
    statements = json.load(file)
for statement in statements:
    try:
        parsed = sqlglot.parse(statement, dialect="tsql")
    except sqlglot.errors.SqlglotError as error:
        print(f"{statement[:200]}: {error}")
        continue
    if len(parsed) != 1 or parsed[0] is None:
        print(f"{statement[:200]}: {len(parsed)} statements")
    elif isinstance(parsed[0], exp.Command):
        # What the parser does not look into: it only takes the words as they come.
        print(f"COMMAND {statement[:200]}")
