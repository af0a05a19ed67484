//! Distances and directions on the globe.
//!
//! ```sql
//! CREATE EXTENSION geo LANGUAGE wasm AS file://guests/prebuilt/geo.wasm;
//! SELECT haversine_km(52.52, 13.405, 48.8566, 2.3522);   -- Berlin to Paris: 877.46…
//! SELECT bearing_deg(52.52, 13.405, 48.8566, 2.3522);    -- 246.6… (0 is north, 90 east)
//! SELECT geohash(57.64911, 10.40744, 11);                -- u4pruydqqvj
//! SELECT code FROM airports WHERE haversine_km(latitude, longitude, 40.64, -73.78) < 50;
//! ```
//!
//! Latitudes are from -90 to 90 degrees, longitudes from -180 to 180. Others are errors, because they
//! mostly mean that the two were swapped.

use std::fmt;

/// Mean radius of the earth as the IUGG defines it, in kilometres.
const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// A coordinate that is not on the globe, or a hash that is too long.
#[derive(Debug, PartialEq)]
pub enum Error {
    /// A latitude outside of -90 to 90 degrees.
    Latitude(f64),
    /// A longitude outside of -180 to 180 degrees.
    Longitude(f64),
    /// A number of characters that a geohash cannot have.
    Precision(i64),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latitude(degrees) => {
                write!(f, "latitude {degrees} is not between -90 and 90 degrees")
            }
            Self::Longitude(degrees) => {
                write!(f, "longitude {degrees} is not between -180 and 180 degrees")
            }
            Self::Precision(chars) => write!(f, "a geohash has 1 to 12 characters, not {chars}"),
        }
    }
}

impl std::error::Error for Error {}

fn check(latitude: f64, longitude: f64) -> Result<(), Error> {
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(Error::Latitude(latitude));
    }
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(Error::Longitude(longitude));
    }
    Ok(())
}

/// The distance along a great circle in kilometres, by the haversine formula. It treats the earth as a
/// sphere, so it is right within half a percent.
///
/// # Errors
/// A coordinate is not on the globe.
#[commensal_sdk::function(deterministic)]
pub fn haversine_km(
    latitude_1: f64,
    longitude_1: f64,
    latitude_2: f64,
    longitude_2: f64,
) -> Result<f64, Error> {
    check(latitude_1, longitude_1)?;
    check(latitude_2, longitude_2)?;
    let half_sine_squared = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let cosines = latitude_1.to_radians().cos() * latitude_2.to_radians().cos();
    let haversine = half_sine_squared(latitude_2 - latitude_1)
        + cosines * half_sine_squared(longitude_2 - longitude_1);
    // Rounding may take the haversine of antipodes beyond 1.
    Ok(2.0 * EARTH_RADIUS_KM * haversine.min(1.0).sqrt().asin())
}

/// The direction in which the shortest way from the first to the second point starts, in degrees from
/// 0 (north) over 90 (east) to 360, exclusive; 0 if the points are the same.
///
/// # Errors
/// A coordinate is not on the globe.
#[commensal_sdk::function(deterministic)]
pub fn bearing_deg(
    latitude_1: f64,
    longitude_1: f64,
    latitude_2: f64,
    longitude_2: f64,
) -> Result<f64, Error> {
    check(latitude_1, longitude_1)?;
    check(latitude_2, longitude_2)?;
    let (from, to) = (latitude_1.to_radians(), latitude_2.to_radians());
    let east = (longitude_2 - longitude_1).to_radians();
    let y = east.sin() * to.cos();
    let x = from.cos() * to.sin() - from.sin() * to.cos() * east.cos();
    let degrees = y.atan2(x).to_degrees().rem_euclid(360.0);
    // The remainder of a tiny negative angle rounds up to 360.
    Ok(if degrees >= 360.0 { 0.0 } else { degrees })
}

/// The [geohash](https://en.wikipedia.org/wiki/Geohash) of a point. Places that share a prefix are
/// near each other.
///
/// # Errors
/// A coordinate is not on the globe, or the length is not 1 to 12.
#[commensal_sdk::function(deterministic)]
pub fn geohash(latitude: f64, longitude: f64, chars: i64) -> Result<String, Error> {
    const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    check(latitude, longitude)?;
    if !(1..=12).contains(&chars) {
        return Err(Error::Precision(chars));
    }
    let mut halvings = [(-180.0, 180.0, longitude), (-90.0, 90.0, latitude)];
    let mut axis = 0;
    let mut next_bit = || {
        let (low, high, value) = &mut halvings[axis];
        axis = 1 - axis;
        let middle = (*low + *high) / 2.0;
        let upper = *value >= middle;
        *(if upper { low } else { high }) = middle;
        usize::from(upper)
    };
    let digit = |_| DIGITS[(0..5).fold(0, |bits, _| bits << 1 | next_bit())] as char;
    Ok((0..chars).map(digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [
            ((52.52, 13.405), (48.8566, 2.3522), 877.46),
            ((0.0, 0.0), (0.0, 180.0), 20_015.11),
            ((90.0, 0.0), (-90.0, 77.0), 20_015.11),
            ((12.0, 34.0), (12.0, 34.0), 0.0),
            ((0.0, 179.5), (0.0, -179.5), 111.195),
        ];
        for ((a, b), (c, d), expected) in cases {
            let actual = haversine_km(a, b, c, d).unwrap();
            assert!((actual - expected).abs() < 0.01, "{actual} is not {expected}");
        }
    }

    #[test]
    fn directions() {
        let cases = [
            ((0.0, 0.0), (1.0, 0.0), 0.0),
            ((0.0, 0.0), (0.0, 1.0), 90.0),
            ((0.0, 0.0), (-1.0, 0.0), 180.0),
            ((0.0, 0.0), (0.0, -1.0), 270.0),
            ((5.0, 5.0), (5.0, 5.0), 0.0),
        ];
        for ((a, b), (c, d), expected) in cases {
            let actual = bearing_deg(a, b, c, d).unwrap();
            assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
        }
    }

    #[test]
    fn geohashes() {
        assert_eq!(geohash(57.64911, 10.40744, 11).unwrap(), "u4pruydqqvj");
        assert_eq!(geohash(0.0, 0.0, 1).unwrap(), "s");
        assert_eq!(geohash(-90.0, -180.0, 4).unwrap(), "0000");
        assert_eq!(geohash(90.0, 180.0, 12).unwrap(), "zzzzzzzzzzzz");
    }

    #[test]
    fn what_is_not_on_the_globe_is_refused() {
        assert_eq!(haversine_km(90.5, 0.0, 0.0, 0.0), Err(Error::Latitude(90.5)));
        assert_eq!(bearing_deg(0.0, 0.0, 0.0, -181.0), Err(Error::Longitude(-181.0)));
        assert_eq!(geohash(0.0, 0.0, 13), Err(Error::Precision(13)));
        assert!(geohash(f64::NAN, 0.0, 1).is_err());
    }
}
