"""What programs of users import: `ghostfill.testing` tests a strategy on a real Ghostfill."""
