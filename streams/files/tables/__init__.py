"""Files as runs of rows with named columns, whatever their format."""
