//! Statistics: two aggregates and a window function.
//!
//! ```sql
//! CREATE EXTENSION stats LANGUAGE wasm AS file://guests/prebuilt/stats.wasm;
//! SELECT geomean(column1) FROM (VALUES (2), (8));                 -- 4.0
//! SELECT state, percentile_of(latitude, 50) FROM airports GROUP BY state;
//! SELECT day, ema(price, 0.5) OVER (ORDER BY day) FROM prices;
//! SELECT day, ema(price, 0.5) OVER (ORDER BY day ROWS 9 PRECEDING) FROM prices;
//! ```
//!
//! Rows with NULL are skipped, and without rows the result is NULL, as with SQL's own aggregates.

use commensal_sdk::Aggregate;

/// The geometric mean of positive numbers.
#[derive(Default)]
pub struct Geomean {
    sum_of_logarithms: f64,
    count: u64,
}

#[commensal_sdk::aggregate]
impl Aggregate for Geomean {
    type Arguments<'a> = f64;
    type Output = Option<f64>;

    fn step(&mut self, value: f64) -> Result<(), String> {
        if value <= 0.0 {
            return Err(format!("geomean(): {value:?} is not positive"));
        }
        self.sum_of_logarithms += value.ln();
        self.count += 1;
        Ok(())
    }

    fn finalize(self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum_of_logarithms / self.count as f64).exp())
    }
}

/// The value below which this percentage of the values lies, interpolated between two values.
#[derive(Default)]
pub struct Percentile {
    values: Vec<f64>,
    percent: f64,
}

// Some builds of SQLite have a `percentile` of their own.
#[commensal_sdk::aggregate(name = "percentile_of")]
impl Aggregate for Percentile {
    type Arguments<'a> = (f64, f64);
    type Output = Option<f64>;

    fn step(&mut self, (value, percent): (f64, f64)) -> Result<(), String> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(format!("percentile_of(): {percent:?} is not between 0 and 100"));
        }
        if !self.values.is_empty() && percent != self.percent {
            return Err("percentile_of(): the percentage differs within a group".to_owned());
        }
        self.percent = percent;
        self.values.push(value);
        Ok(())
    }

    fn finalize(mut self) -> Option<f64> {
        self.values.sort_unstable_by(f64::total_cmp);
        let place = self.percent / 100.0 * self.values.len().saturating_sub(1) as f64;
        let (below, share) = (place as usize, place.fract());
        let low = *self.values.get(below)?;
        let high = *self.values.get(below + 1).unwrap_or(&low);
        Some(if share == 0.0 { low } else { low + (high - low) * share })
    }
}

/// The exponential moving average: the last value has the weight 1, and each earlier one 1 - `alpha`
/// times that of its successor.
#[derive(Default)]
pub struct Ema {
    sum: f64,
    weights: f64,
    decay: f64,
    count: u32,
}

#[commensal_sdk::aggregate]
impl Aggregate for Ema {
    type Arguments<'a> = (f64, f64);
    type Output = Option<f64>;

    fn step(&mut self, (value, alpha): (f64, f64)) -> Result<(), String> {
        if !(alpha > 0.0 && alpha <= 1.0) {
            return Err(format!("ema(): {alpha:?} is not above 0 and at most 1"));
        }
        if self.count > 0 && 1.0 - alpha != self.decay {
            return Err("ema(): alpha differs within a window".to_owned());
        }
        self.decay = 1.0 - alpha;
        self.sum = self.sum * self.decay + value;
        self.weights = self.weights * self.decay + 1.0;
        self.count += 1;
        Ok(())
    }

    fn inverse(&mut self, (value, _): (f64, f64)) -> Result<(), String> {
        self.count -= 1;
        if self.count == 0 {
            *self = Self::default();
            return Ok(());
        }
        // The weight of the oldest value.
        let weight = self.decay.powf(f64::from(self.count));
        self.sum -= value * weight;
        self.weights -= weight;
        Ok(())
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geomean_of_positive_numbers() {
        let mut mean = Geomean::default();
        for value in [1.0, 10.0, 100.0] {
            mean.step(value).unwrap();
        }
        assert_eq!(mean.step(0.0), Err("geomean(): 0.0 is not positive".into()));
        assert!((mean.finalize().unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(Geomean::default().finalize(), None);
    }

    #[test]
    fn percentiles_lie_between_values() {
        let cases = [(0.0, 1.0), (25.0, 1.75), (50.0, 2.5), (100.0, 4.0)];
        for (percent, expected) in cases {
            let mut percentile = Percentile::default();
            for value in [3.0, 1.0, 4.0, 2.0] {
                percentile.step((value, percent)).unwrap();
            }
            assert_eq!(percentile.finalize(), Some(expected));
        }
        let mut percentile = Percentile::default();
        percentile.step((1.0, 50.0)).unwrap();
        assert!(percentile.step((1.0, 51.0)).is_err());
        assert!(percentile.step((1.0, 101.0)).is_err());
        assert_eq!(Percentile::default().finalize(), None);
    }

    #[test]
    fn a_window_that_moves_is_as_one_that_starts_anew() {
        let values = [1.0, 5.0, 2.0, 8.0, 3.0, 0.0];
        let mut moving = Ema::default();
        for (i, &value) in values.iter().enumerate() {
            moving.step((value, 0.25)).unwrap();
            if i >= 3 {
                moving.inverse((values[i - 3], 0.25)).unwrap();
            }
            let mut fresh = Ema::default();
            for &value in &values[i.saturating_sub(2)..=i] {
                fresh.step((value, 0.25)).unwrap();
            }
            assert!((moving.value().unwrap() - fresh.finalize().unwrap()).abs() < 1e-12);
        }
        for &value in &values[3..] {
            moving.inverse((value, 0.25)).unwrap();
        }
        assert_eq!(moving.value(), None);
    }
}
