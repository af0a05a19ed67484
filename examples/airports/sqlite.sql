-- Functions in WebAssembly over 3,376 airports. From the root of the repository:
--     cargo run -p commensal-shell < examples/airports/sqlite.sql
-- What SQLite has and Turso has not: functions in a generated column and an index, aggregates, windows.
-- Its output is sqlite.expected; a test compares them.

.mode table

CREATE EXTENSION text  LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo   LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION stats LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;

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
SELECT count(*) AS airports, count(DISTINCT state) AS states FROM airports;

.print "The generated column; SELECT and ORDER BY: the airports nearest to the Statue of Liberty"
SELECT iata, slug, round(haversine_km(latitude, longitude, 40.6892, -74.0445), 1) AS km
FROM airports
ORDER BY haversine_km(latitude, longitude, 40.6892, -74.0445)
LIMIT 5;

.print "Aggregates of ours: how far from Denver half and nine tenths of a state's airports are, and their mean"
SELECT state, count(*) AS airports, round(percentile_of(km, 50)) AS half, round(percentile_of(km, 90)) AS "9/10",
       round(geomean(km)) AS mean
FROM (SELECT state, haversine_km(latitude, longitude, 39.8584, -104.667) AS km FROM airports)
GROUP BY state
ORDER BY airports DESC
LIMIT 4;

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
