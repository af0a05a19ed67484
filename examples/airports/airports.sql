-- Functions in WebAssembly over 3,376 airports. From the root of the repository:
--     cargo run -p commensal-shell < examples/airports/airports.sql
-- Its output is airports.expected, also with --engine turso; a test compares them. sqlite.sql shows what only
-- SQLite has. ORIGIN.md says where the data comes from.

.mode table

-- Each library is one file, which is stored in the database. file:// starts at the working directory.
CREATE EXTENSION text    LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION geo     LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION digest  LANGUAGE wasm AS file://guests/prebuilt/digest.wasm;
CREATE EXTENSION json    LANGUAGE wasm AS file://guests/prebuilt/json.wasm;
CREATE EXTENSION stats   LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;
CREATE EXTENSION tables  LANGUAGE wasm AS file://guests/prebuilt/tables.wasm;
CREATE EXTENSION natural LANGUAGE wasm AS file://guests/prebuilt/natural.wasm;
CREATE EXTENSION units   LANGUAGE wasm AS file://guests/prebuilt/units.wasm;

-- A function of a library decides a constraint.
CREATE TABLE airports(
  iata      TEXT PRIMARY KEY CHECK (regex_match('^[0-9A-Z]{3,4}$', iata)),
  name      TEXT NOT NULL,
  city      TEXT NOT NULL,
  state     TEXT NOT NULL,
  country   TEXT NOT NULL,
  latitude  REAL NOT NULL,
  longitude REAL NOT NULL
);
.import --csv --skip 1 examples/airports/airports.csv airports
SELECT count(*) AS airports, count(DISTINCT state) AS states FROM airports;

.print "SELECT and ORDER BY: the airports nearest to the Statue of Liberty"
SELECT iata, slugify(name) AS slug, round(haversine_km(latitude, longitude, 40.6892, -74.0445), 1) AS km
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

.print "INSERT … SELECT: cells kept in a table, with an ordinary index"
CREATE TABLE cells(cell TEXT NOT NULL, iata TEXT NOT NULL);
INSERT INTO cells SELECT geohash(latitude, longitude, 4), iata FROM airports;
CREATE INDEX cells_by_cell ON cells(cell);
SELECT iata, name FROM cells JOIN airports USING (iata) WHERE cell = '9q8y' ORDER BY iata;

.print "A slip of the pen: the names most like 'Chicago Ohare Internatonal'"
SELECT iata, name, levenshtein(name, 'Chicago Ohare Internatonal') AS edits
FROM airports
ORDER BY edits, iata
LIMIT 3;

.print "JSON through serde, together with the engine's own functions"
SELECT jsonx_pretty(json_object('iata', iata, 'at', json_array(latitude, longitude)), 2) AS json
FROM airports WHERE iata = 'JFK';

.print "A fingerprint of all rows"
SELECT sha256(group_concat(iata || '|' || name || '|' || slugify(name), char(10) ORDER BY iata)) AS sha256
FROM airports;

.print "A table function of ours, for each row: the words that most names have"
SELECT part AS word, count(*) AS airports
FROM airports, regex_split('[^A-Za-z]+', name)
WHERE part <> ''
GROUP BY part
ORDER BY airports DESC, word
LIMIT 5;

.print "Another: lines of JSON, as a log has them, back into rows"
CREATE TABLE log AS
SELECT group_concat(json_object('iata', iata, 'state', state), char(10) ORDER BY iata) AS lines
FROM airports WHERE state IN ('HI', 'RI');
SELECT json_extract(json, '$.state') AS state, count(*) AS airports, max(line) AS last_line
FROM log, jsonx_lines(lines)
GROUP BY state
ORDER BY state;

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

.print "Another type: amounts of money, in their own order; a cent for each kilometre from Denver"
SELECT iata, money_decode(fare) AS dollars
FROM (SELECT iata, money(format('%.2f USD', haversine_km(latitude, longitude, 39.8584, -104.667) / 100)) AS fare FROM airports)
ORDER BY fare COLLATE money DESC, iata
LIMIT 3;

.print "What is stored, and what was called"
SELECT name, functions, status FROM wasm_extensions;
SELECT name, params, returns, deterministic, extension FROM wasm_functions WHERE extension = 'geo';
SELECT name, calls > 0 AS called, traps, errors FROM wasm_stats WHERE calls > 0;
