#!/bin/bash
# Runs once in ClickHouse's container, where there is no data yet: makes `reader`, who may only read our database.
set -euo pipefail
clickhouse-client --user "$CLICKHOUSE_USER" --password "$(cat "$CLICKHOUSE_PASSWORD_FILE")" --multiquery <<SQL
CREATE DATABASE IF NOT EXISTS ghostfill;
CREATE USER IF NOT EXISTS reader IDENTIFIED BY '$(cat "$CLICKHOUSE_READER_PASSWORD_FILE")';
GRANT SELECT ON ghostfill.* TO reader;
SQL
