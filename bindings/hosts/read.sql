SELECT name FROM places INDEXED BY places_hash WHERE geohash(latitude, longitude, 5) = geohash(52.52, 13.405, 5);
SELECT name, status FROM wasm_functions ORDER BY name;
SELECT CAST(round(haversine_km(52.52, 13.405, 48.8566, 2.3522)) AS INTEGER);
UPDATE places SET latitude = latitude - 0.25 WHERE name LIKE 'place 1%';
DELETE FROM places WHERE geohash(latitude, longitude, 5) = geohash(3.5, 2.75, 5);
SELECT count(*) FROM places;
PRAGMA integrity_check;
