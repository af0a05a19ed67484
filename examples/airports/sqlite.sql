-- Functions in WebAssembly over 3,376 airports. From the root of the repository:
--     cargo run -p commensal-shell < examples/airports/sqlite.sql
-- As airports.sql, with what SQLite has and Turso has not: functions in a generated column and an index,
-- aggregates and windows. Its output is sqlite.expected; a test compares them.

.mode table

-- Five libraries, each one file, stored in the database. file:// starts at the working directory.
CREATE EXTENSION text   LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo    LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION digest LANGUAGE wasm AS file://guests/prebuilt/digest.wasm;
CREATE EXTENSION json   LANGUAGE wasm AS file://guests/prebuilt/json.wasm;
CREATE EXTENSION stats  LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;

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

.print "WHERE: names with an abbreviation in capitals and the city in them"
SELECT iata, name, city
FROM airports
WHERE regex_match('\b(AFB|NAS|AAF)\b', name) AND regex_match('(?i)' || city, name)
ORDER BY iata
LIMIT 5;

.print "GROUP BY: cells of the globe with the most airports"
SELECT geohash(latitude, longitude, 2) AS cell, count(*) AS airports, min(name) AS one_of_them
FROM airports
GROUP BY geohash(latitude, longitude, 2)
ORDER BY airports DESC, cell
LIMIT 5;

.print "Aggregates of the engine over functions of ours: how far apart a state's airports are"
SELECT a.state, count(*) AS pairs, round(max(haversine_km(a.latitude, a.longitude, b.latitude, b.longitude))) AS km
FROM airports AS a JOIN airports AS b ON a.state = b.state AND a.iata < b.iata
WHERE a.state IN ('AK', 'HI', 'RI')
GROUP BY a.state
ORDER BY km DESC;

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

.print "A slip of the pen: the names most like 'Chicago Ohare Internatonal'"
SELECT iata, name, levenshtein(name, 'Chicago Ohare Internatonal') AS edits
FROM airports
ORDER BY edits, iata
LIMIT 3;

.print "JSON through serde, together with the engine's own functions"
SELECT jsonx_pretty(json_object('iata', iata, 'at', json_array(latitude, longitude)), 2) AS json
FROM airports WHERE iata = 'JFK';

.print "A fingerprint of all rows"
SELECT sha256(group_concat(iata || '|' || name || '|' || slug, char(10) ORDER BY iata)) AS sha256
FROM airports;

.print "What is stored, and what was called"
SELECT name, functions, status FROM wasm_extensions;
SELECT name, params, returns, deterministic, extension FROM wasm_functions WHERE extension = 'geo';
SELECT name, calls > 0 AS called, traps, errors FROM wasm_stats WHERE calls > 0;
