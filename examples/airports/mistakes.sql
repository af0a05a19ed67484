-- Errors are ordinary SQL errors: the statement fails, the transaction and the shell go on.
--     cargo run -p commensal-shell < examples/airports/mistakes.sql
-- The exit status is 1, as after every error. The messages are mistakes.errors, the rows mistakes.expected.

.mode list
CREATE EXTENSION geo  LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION text LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION hello LANGUAGE wasm AS file://guests/prebuilt/hello.wasm;

CREATE TABLE places(name TEXT, latitude REAL, longitude REAL);
BEGIN;
INSERT INTO places VALUES ('Null Island', 0, 0);

-- Latitude and longitude swapped: an error of the function's own, and nothing of the statement stays.
INSERT INTO places SELECT geohash(-74.0445, 40.6892, 5), 1, 2 UNION ALL SELECT geohash(-174.0445, 40.6892, 5), 3, 4;

-- A pattern that is none.
SELECT regex_match('(', name) FROM places;

-- A panic: the instance is thrown away, its message is the error.
SELECT divide(1, 0);

-- The next call gets a fresh instance.
SELECT divide(84, 2);

-- In use: an index needs the function.
CREATE INDEX places_by_cell ON places(geohash(latitude, longitude, 4));
DROP EXTENSION geo;

-- A name that is taken.
CREATE FUNCTION upper LANGUAGE wasm AS file://guests/prebuilt/text.wasm EXPORT 'reverse';

COMMIT;
SELECT name, geohash(latitude, longitude, 4) FROM places;
