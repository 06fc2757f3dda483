-- What is held, as it was last told.
CREATE OR REPLACE VIEW positions_open AS
SELECT * FROM positions FINAL WHERE quantity > 0
