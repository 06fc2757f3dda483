"""What `ghostfill doctor` looks at: each check answers with one finding."""
