// Asks ClickHouse as Grafana's plugin does: by its driver, over HTTP. Statements come as a JSON list on stdin; what
// became of each goes to stdout: its rows, or why there are none.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type outcome struct {
	Rows  int    `json:"rows"`
	Error string `json:"error"`
}

func main() {
	var statements []string
	if err := json.NewDecoder(os.Stdin).Decode(&statements); err != nil {
		panic(err)
	}
	database := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{os.Getenv("CLICKHOUSE_ADDRESS")},
		Protocol:    clickhouse.HTTP,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		Settings:    clickhouse.Settings{},
		DialTimeout: 10 * time.Second,
		ReadTimeout: 60 * time.Second,
		Auth: clickhouse.Auth{
			Database: os.Getenv("CLICKHOUSE_DATABASE"),
			Username: os.Getenv("CLICKHOUSE_USER"),
			Password: os.Getenv("CLICKHOUSE_PASSWORD"),
		},
	})
	found := []outcome{}
	for _, statement := range statements {
		found = append(found, ask(database, statement))
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func ask(database *sql.DB, statement string) outcome {
	rows, err := database.QueryContext(context.Background(), statement)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return outcome{Error: err.Error()}
	}
	count := 0
	for rows.Next() {
		values := make([]any, len(columns))
		for each := range values {
			values[each] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return outcome{Rows: count, Error: err.Error()}
		}
		count++
	}
	if err := rows.Err(); err != nil {
		return outcome{Rows: count, Error: err.Error()}
	}
	return outcome{Rows: count}
}
