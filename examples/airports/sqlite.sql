-- Functions in WebAssembly over 3,376 airports. From the root of the repository:
--     cargo run -p commensal-shell < examples/airports/sqlite.sql
-- What SQLite has and Turso does not: functions in a generated column and an index, aggregates in
-- windows, virtual tables, collations of columns.
-- Its output is sqlite.expected; a test compares them.

.mode table

CREATE EXTENSION text  LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo   LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION stats LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;
CREATE EXTENSION tables  LANGUAGE wasm AS file://guests/prebuilt/tables.wasm;
CREATE EXTENSION natural LANGUAGE wasm AS file://guests/prebuilt/natural.wasm;
CREATE EXTENSION units   LANGUAGE wasm AS file://guests/prebuilt/units.wasm;

-- A function of a library computes a generated column.
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
SELECT count(*) AS airports, count(DISTINCT state) AS states FROM airports;

.print "The generated column; SELECT and ORDER BY: the airports nearest to the Statue of Liberty"
SELECT iata, slug, round(haversine_km(latitude, longitude, 40.6892, -74.0445), 1) AS km
FROM airports
ORDER BY haversine_km(latitude, longitude, 40.6892, -74.0445)
LIMIT 5;

.print "A window function of ours: latitudes from west to east, smoothed"
SELECT iata, round(latitude, 1) AS latitude, round(ema(latitude, 0.2) OVER (ORDER BY longitude ROWS 9 PRECEDING), 1) AS smooth
FROM airports
WHERE state = 'HI'
ORDER BY longitude
LIMIT 4;

.print "A deterministic function in an index, and the plan that uses it"
CREATE INDEX airports_by_cell ON airports(geohash(latitude, longitude, 4));
EXPLAIN QUERY PLAN
SELECT name FROM airports WHERE geohash(latitude, longitude, 4) = '9q8y';
SELECT iata, name FROM airports WHERE geohash(latitude, longitude, 4) = '9q8y' ORDER BY iata;

.print "A virtual table of ours: CSV text, joined with the airports"
CREATE VIRTUAL TABLE regions USING csv('state,region
AK,Pacific
HI,Pacific
CT,New England
MA,New England
ME,New England
NH,New England
RI,New England
VT,New England');
SELECT region, count(*) AS airports, count(DISTINCT state) AS states
FROM regions JOIN airports USING (state)
GROUP BY region
ORDER BY region;

.print "A collation of ours in a column: in the codes of airports, numbers count as numbers"
CREATE TABLE codes(iata TEXT PRIMARY KEY COLLATE natural_sort);
INSERT INTO codes SELECT iata FROM airports;
SELECT iata FROM codes WHERE iata > '9' AND iata < '20' ORDER BY iata LIMIT 4;
