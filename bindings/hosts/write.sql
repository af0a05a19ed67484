CREATE TABLE places(name TEXT, latitude REAL, longitude REAL, CHECK (geohash(latitude, longitude, 1) <> ''));
WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
  INSERT INTO places SELECT 'place ' || i, i % 90 + 0.5, i % 180 - 0.25 FROM n;
CREATE INDEX places_hash ON places(geohash(latitude, longitude, 5), name);
INSERT INTO places VALUES ('Berlin', 52.52, 13.405);
