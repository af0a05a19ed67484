-- Functions in WebAssembly over 3,376 airports. From the root of the repository:
--     cargo run -p commensal-shell < examples/airports/sqlite.sql
-- What SQLite has and Turso has not, or not all of it: functions in a generated column and an index,
-- aggregates, windows, table functions, virtual tables, collations, types.
-- Its output is sqlite.expected; a test compares them.

.mode table

CREATE EXTENSION text  LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo   LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION stats LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;
CREATE EXTENSION tables  LANGUAGE wasm AS file://guests/prebuilt/tables.wasm;
CREATE EXTENSION natural LANGUAGE wasm AS file://guests/prebuilt/natural.wasm;
CREATE EXTENSION units   LANGUAGE wasm AS file://guests/prebuilt/units.wasm;

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

.print "A table function of ours, for each row: the words that most names have"
SELECT part AS word, count(*) AS airports
FROM airports, regex_split('[^A-Za-z]+', name)
WHERE part <> ''
GROUP BY part
ORDER BY airports DESC, word
LIMIT 5;

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

.print "A collation of ours: in the codes of airports, numbers count as numbers"
SELECT iata, name
FROM airports
WHERE regex_match('^[0-9]+N[0-9]*$', iata)
ORDER BY iata COLLATE natural_sort
LIMIT 5;

.print "A type of ours: positions as points of the plane, and what is none"
CREATE TABLE positions(iata TEXT PRIMARY KEY, at BLOB NOT NULL CHECK (point_valid(at)));
INSERT INTO positions SELECT iata, point(format('(%.4f, %.4f)', longitude, latitude)) FROM airports;
SELECT iata, point_decode(at) AS at, length(at) AS bytes,
       round(point_distance(at, point('(-74.0445, 40.6892)')), 3) AS degrees
FROM positions
ORDER BY degrees
LIMIT 3;
SELECT count(*) AS points, point_valid(zeroblob(3)) AS zeros FROM positions;
