"""A market's records: from columns, and to columns."""
