-- Errors are ordinary SQL errors: the statement fails, the transaction and the shell continue.
--     cargo run -p commensal-shell < examples/airports/mistakes.sql
-- The exit status is 1, as after every error. mistakes.errors has the messages, mistakes.expected the rows.

.mode list
CREATE EXTENSION geo  LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
CREATE EXTENSION text LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
CREATE EXTENSION hello LANGUAGE wasm AS file://guests/prebuilt/hello.wasm;

CREATE TABLE places(name TEXT, latitude REAL, longitude REAL);
BEGIN;
INSERT INTO places VALUES ('Null Island', 0, 0);

-- Latitude and longitude are swapped: the function returns an error, and the whole statement is undone.
INSERT INTO places SELECT geohash(-74.0445, 40.6892, 5), 1, 2 UNION ALL SELECT geohash(-174.0445, 40.6892, 5), 3, 4;

-- A text that is not a pattern.
SELECT regex_match('(', name) FROM places;

-- A panic: its message is the error, and the instance is dropped.
SELECT divide(1, 0);

-- The next call gets a fresh instance.
SELECT divide(84, 2);

-- In use: an index needs the function.
CREATE INDEX places_by_cell ON places(geohash(latitude, longitude, 4));
DROP EXTENSION geo;

-- A name that SQLite itself uses.
CREATE FUNCTION upper LANGUAGE wasm AS file://guests/prebuilt/text.wasm EXPORT 'reverse';

COMMIT;
SELECT name, geohash(latitude, longitude, 4) FROM places;
