-- Functions in a generated column and in an index: SQLite has them, Turso has not (COMPAT.md).
--     cargo run -p commensal-shell < examples/airports/indexes.sql
-- Its output is indexes.expected; a test compares them.

.mode table

CREATE EXTENSION text LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo  LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;

-- A generated column is computed by one of them.
CREATE TABLE airports(
  iata      TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  city      TEXT NOT NULL,
  state     TEXT NOT NULL,
  country   TEXT NOT NULL,
  latitude  REAL NOT NULL,
  longitude REAL NOT NULL,
  slug      TEXT GENERATED ALWAYS AS (slugify(name)) VIRTUAL
);
.import --csv --skip 1 examples/airports/airports.csv airports
SELECT iata, slug FROM airports WHERE state = 'HI' ORDER BY slug LIMIT 3;

.print "A deterministic function in an index, and the plan that uses it"
CREATE INDEX airports_by_cell ON airports(geohash(latitude, longitude, 4));
EXPLAIN QUERY PLAN
SELECT name FROM airports WHERE geohash(latitude, longitude, 4) = '9q8y';
SELECT iata, name FROM airports WHERE geohash(latitude, longitude, 4) = '9q8y' ORDER BY iata;
